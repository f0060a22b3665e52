// What the process says of itself, for whoever runs the machine: one record is one line. Facts about houses and people belong in the
// event log; this one is thrown away. The only place that knows spdlog. Any thread; nobody ever waits for a slow reader here.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/secret.hpp"

namespace heliograph::process_log {

enum class Level : std::uint8_t { debug, info, warn, error, critical };
std::string_view name(Level level);
/// "debug", "info", "warn", "error"; a log without criticals is none.
std::optional<Level> parse_level(std::string_view word);

/// lines: JSON, for programs; text: for people. by_terminal: text when standard error is one.
enum class Form : std::uint8_t { by_terminal, lines, text };

/// A named value beside the message. Keys are literals of ours. A key that names a secret ("password", "token") never shows its value.
class Field {
 public:
  Field(std::string_view key, std::string_view value) : key_(key), text_(value) {}
  Field(std::string_view key, const std::string& value) : Field(key, std::string_view(value)) {}
  Field(std::string_view key, const char* value) : Field(key, std::string_view(value)) {}
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  Field(std::string_view key, Number value) : key_(key), text_(std::to_string(value)), is_number_(true) {}
  template <std::same_as<bool> Truth>
  Field(std::string_view key, Truth value) : key_(key), text_(value ? "true" : "false"), is_number_(true) {}
  Field(std::string_view key, const Secret& value) = delete;  // whatever it is for, it does not belong in a log

  std::string_view key() const { return key_; }
  const std::string& text() const { return text_; }
  bool is_number() const { return is_number_; }  // or true, or false: written without quotes

 private:
  std::string_view key_;
  std::string text_;
  bool is_number_ = false;
};
using Fields = std::vector<Field>;

struct Options {
  Level level = Level::info;
  Form form = Form::by_terminal;
  /// Instead of standard error, and at once: for tests.
  std::function<void(std::string_view line)> into = {};
};

/// From now on lines are written; before, and after `close`, only the recent mishaps are kept. Replaces an open one.
void open(const Options& options);
/// Writes what is queued, then no more.
void close();
/// Whether a line of this level would be written: asked before what is costly to say.
bool says(Level level);
/// `message` is a sentence without values: what changes from case to case is a field, so that the same mishap is counted as the same.
void write(Level level, std::string_view component, std::string_view message, const Fields& fields = {});
/// The same, and what of it everybody may know who looks after the machine: that is what stands among the recent mishaps.
void write(Level level, std::string_view component, std::string_view message, const Fields& fields, const Fields& of_mishap);
/// Lines that were dropped because the reader of standard error was too slow.
std::uint64_t dropped();

/// The record as one line of printable characters, whatever was said: control bytes, line and paragraph separators and characters that
/// turn the direction of text are written as escapes, what is no UTF-8 as U+FFFD, and what looks like a key of ours is masked.
std::string render(Form form, std::int64_t at, Level level, std::string_view component, std::string_view message, const Fields& fields);

}  // namespace heliograph::process_log
