// What the series view has changed since it was last saved, laid over what the store holds, so that a fold can be read
// before it is saved.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "storage/view_store.hpp"

namespace heliograph {

class PendingView {
 public:
  using Entries = std::map<std::string, std::string>;

  PendingView(const ViewStore& store, std::string view) : store_(store), view_(std::move(view)) {}

  void put(std::string key, std::string value) { changes_[std::move(key)] = std::move(value); }
  void erase(std::string key) { changes_[std::move(key)] = std::nullopt; }
  /// Hands the changes to `batch`. They stay readable here until the next hand-over: the store may not have them yet.
  void hand_over(ViewBatch& batch);
  void forget();

  Result<std::optional<std::string>> get(const std::string& key) const;
  /// Entries with from <= key < to.
  Result<Entries> range(const std::string& from, const std::string& to) const;
  /// The first and the last entry with from <= key < to.
  Result<std::optional<Entries::value_type>> first(const std::string& from, const std::string& to) const;
  Result<std::optional<Entries::value_type>> last(const std::string& from, const std::string& to) const;

 private:
  using Changes = std::map<std::string, std::optional<std::string>>;  // nullopt: erased
  /// Nothing where the store holds what is so.
  const std::optional<std::string>* changed(const std::string& key) const;

  const ViewStore& store_;
  std::string view_;
  Changes changes_, handed_over_;
};

}  // namespace heliograph
