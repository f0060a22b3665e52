// What exists: "devices" holds sites and their devices, "rules" the rules as they stand. Each entry is the record
// that last said so, as stored bytes, so that a view can always be traced to its position.
#pragma once

#include <map>

#include "projections/projection.hpp"

namespace heliograph {

/// A view that keeps, per key, the newest record of some event types.
class Catalog : public Projection {
 public:
  Status load(const ViewStore& store) override;
  void apply(const Record& record) override;
  void save(ViewBatch& batch) override;

 protected:
  struct Change {
    std::string key;  // empty: the event does not concern this view
    bool erase = false;
  };
  virtual Change change(const Envelope& envelope, const Event& event) const = 0;
  std::map<std::string, RecordPtr> entries_;

 private:
  ViewBatch unsaved_;
};

class DevicesView : public Catalog {
 public:
  std::string_view name() const override { return "devices"; }
  std::vector<SiteKey> sites() const;
  /// nullptr when the site was never configured.
  const SiteConfigured* site(const SiteKey& key) const;
  /// The records that last said so; nullptr when none did.
  RecordPtr site_record(const SiteKey& key) const;
  RecordPtr device_record(const SiteKey& key, const DeviceId& device) const;
  std::vector<const DeviceRegistered*> devices(const SiteKey& key) const;
  const DeviceRegistered* device(const SiteKey& key, const DeviceId& device) const;
  /// The newest preferences.set record; nullptr while the defaults hold.
  RecordPtr preferences(const SiteKey& key) const;
  /// The stop.engaged record while the site is stopped.
  RecordPtr stop(const SiteKey& key) const;
  /// The clock.suspected record until a person has trusted the clock again.
  RecordPtr clock_suspected(const SiteKey& key) const;

 private:
  Change change(const Envelope& envelope, const Event& event) const override;
  RecordPtr find(const SiteKey& site, std::string_view rest) const;
};

class RulesView : public Catalog {
 public:
  std::string_view name() const override { return "rules"; }
  /// rule.saved records of the site, by rule id.
  std::vector<RecordPtr> rules(const SiteKey& key) const;
  RecordPtr rule(const SiteKey& key, const RuleId& rule) const;

 private:
  Change change(const Envelope& envelope, const Event& event) const override;
};

}  // namespace heliograph
