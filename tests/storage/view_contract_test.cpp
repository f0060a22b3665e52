// What every view store must do, in memory and on disk alike. "series" lives in a family of its own on disk.
#include <catch2/catch.hpp>

#include "tests/storage/storage_fixture.hpp"

using namespace heliograph;
using namespace heliograph::testing;

namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries scan(const ViewStore& views, std::string_view view, std::string_view from = "", std::string_view to = "") {
  Entries out;
  REQUIRE(views.scan(view, from, to, [&](std::string_view k, std::string_view v) {
    out.emplace_back(k, v);
    return true;
  }));
  return out;
}

Entries scan_back(const ViewStore& views, std::string_view view, std::string_view from = "", std::string_view to = "") {
  Entries out;
  REQUIRE(views.scan_back(view, from, to, [&](std::string_view k, std::string_view v) {
    out.emplace_back(k, v);
    return true;
  }));
  return out;
}

void save(ViewStore& views, std::string_view view, const Entries& entries, Position checkpoint) {
  ViewBatch batch;
  for (const auto& [key, value] : entries) batch.put(key, value);
  REQUIRE(views.save(view, batch, checkpoint));
}

}  // namespace

TEMPLATE_TEST_CASE("a view and its checkpoint are saved together and found again", "[views]", Memory, Rocks) {
  const std::string view = GENERATE("audit", "series");
  TestType backend;
  CHECK(*backend.store().views().checkpoint(view) == 0);
  CHECK_FALSE(backend.store().views().get(view, "a")->has_value());
  save(backend.store().views(), view, {{"a", "1"}, {"b", ""}, {std::string("c\0d", 3), std::string("\0\xff", 2)}}, 42);
  backend.reopen();
  ViewStore& views = backend.store().views();
  CHECK(*views.checkpoint(view) == 42);
  CHECK(views.get(view, "a")->value() == "1");
  CHECK(views.get(view, "b")->value().empty());
  CHECK(views.get(view, std::string("c\0d", 3))->value() == std::string("\0\xff", 2));
  ViewBatch change;
  change.put("a", "2");
  change.erase("b");
  change.erase("never there");
  REQUIRE(views.save(view, change, 43));
  CHECK(*views.checkpoint(view) == 43);
  CHECK(views.get(view, "a")->value() == "2");
  CHECK_FALSE(views.get(view, "b")->has_value());
}

TEMPLATE_TEST_CASE("a scan runs through a half-open range in byte order, both ways", "[views]", Memory, Rocks) {
  const std::string view = GENERATE("audit", "series");
  TestType backend;
  ViewStore& views = backend.store().views();
  save(views, view, {{"", "empty"}, {"a", "1"}, {"ab", "2"}, {"b", "3"}, {"\xff", "4"}, {"\xff\xff", "5"}}, 1);
  save(views, view + "2", {{"a", "other"}}, 1);  // a neighbour whose name begins the same
  CHECK(scan(views, view).size() == 6);
  CHECK(scan(views, view).front().second == "empty");
  CHECK(scan(views, view).back().second == "5");
  CHECK(scan(views, view, "a", "b") == Entries{{"a", "1"}, {"ab", "2"}});
  CHECK(scan(views, view, "aa") == Entries{{"ab", "2"}, {"b", "3"}, {"\xff", "4"}, {"\xff\xff", "5"}});
  CHECK(scan(views, view, "b", "a").empty());
  CHECK(scan(views, view, "\xff\xff\xff", "a").empty());
  CHECK(scan_back(views, view).size() == 6);
  CHECK(scan_back(views, view).front().second == "5");
  CHECK(scan_back(views, view).back().second == "empty");
  CHECK(scan_back(views, view, "a", "b") == Entries{{"ab", "2"}, {"a", "1"}});
  CHECK(scan_back(views, view, "", "ab") == Entries{{"a", "1"}, {"", "empty"}});
  CHECK(scan_back(views, view, "b", "a").empty());
  CHECK(scan(views, "nothing").empty());
  CHECK(scan_back(views, "nothing").empty());
}

TEMPLATE_TEST_CASE("a scan stops when told, and its visitor may use the store", "[views]", Memory, Rocks) {
  TestType backend;
  ViewStore& views = backend.store().views();
  Entries many;
  for (int i = 0; i < 1000; ++i) {
    std::string key;
    put_be64(key, static_cast<std::uint64_t>(i));
    many.emplace_back(key, std::to_string(i));
  }
  save(views, "v", many, 1);
  int seen = 0;
  REQUIRE(views.scan("v", "", "", [&](std::string_view key, std::string_view value) {
    CHECK(get_be64(key) == static_cast<std::uint64_t>(seen));
    CHECK(views.get("v", key)->value() == value);
    ViewBatch batch;
    batch.put("seen", value.data() ? std::string(value) : "");
    CHECK(views.save("other", batch, 1));
    return ++seen < 700;
  }));
  CHECK(seen == 700);
  seen = 0;
  REQUIRE(views.scan_back("v", "", "", [&](std::string_view key, std::string_view) {
    CHECK(get_be64(key) == static_cast<std::uint64_t>(999 - seen));
    return ++seen < 700;
  }));
  CHECK(seen == 700);
}

TEMPLATE_TEST_CASE("wiping a view takes its entries and checkpoint, and nothing else", "[views]", Memory, Rocks) {
  const std::string view = GENERATE("audit", "series");
  TestType backend;
  ViewStore& views = backend.store().views();
  save(views, view, {{"a", "1"}, {"b", "2"}}, 5);
  save(views, view + "x", {{"a", "kept"}}, 6);
  REQUIRE(views.wipe(view));
  CHECK(scan(views, view).empty());
  CHECK(*views.checkpoint(view) == 0);
  CHECK(scan(views, view + "x") == Entries{{"a", "kept"}});
  CHECK(*views.checkpoint(view + "x") == 6);
  save(views, view, {{"c", "3"}}, 1);
  backend.reopen();
  CHECK(scan(backend.store().views(), view) == Entries{{"c", "3"}});
}

TEST_CASE("the end of a prefix is the first key behind all that start with it", "[views]") {
  CHECK(prefix_end("a") == "b");
  CHECK(prefix_end("a\xff") == "b");
  CHECK(prefix_end("\xff\xff").empty());
  CHECK(prefix_end("").empty());
  std::string key;
  put_be64(key, 0x0102030405060708ull);
  CHECK(key == std::string("\1\2\3\4\5\6\7\10", 8));
  CHECK(get_be64(key) == 0x0102030405060708ull);
  CHECK(ordered_time(-1) < ordered_time(0));
  CHECK(from_ordered_time(ordered_time(-5)) == -5);
}
