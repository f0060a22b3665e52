// Files as HTTP serves them: forms, validators, conditions and ranges, each case by its sentence in RFC 9110.
#include "api/http/file.hpp"

#include <catch2/catch.hpp>

#include "api/http/coding.hpp"

namespace heliograph::http {
namespace {

std::string sample() {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i) + " of a page\n";
  return text;
}

Request asking(const Headers& headers, Method method = Method::get) {
  Request request;
  request.method = method;
  request.path = "/page.js";
  request.headers = headers;
  return request;
}

std::string value(const Response& response, std::string_view name) {
  const auto* found = find_header(response.headers, name);
  return found == nullptr ? "" : *found;
}
std::string bytes(const Response& response) { return response.shared_body ? *response.shared_body : response.body; }

Coding chosen(const std::string& accepted, std::initializer_list<Coding> offered = {Coding::zstd, Coding::gzip, Coding::identity}) {
  return choose_coding(asking({{"Accept-Encoding", accepted}}), offered);
}

}  // namespace

TEST_CASE("the client's weights choose the coding, and our order where they do not") {
  CHECK(choose_coding(asking({}), {Coding::zstd, Coding::gzip}) == Coding::identity);
  const std::vector<std::pair<std::string, Coding>> table = {
      {"", Coding::identity},
      {"gzip", Coding::gzip},
      {"GZIP", Coding::gzip},
      {"x-gzip", Coding::gzip},
      {"br", Coding::identity},
      {"gzip, deflate, br, zstd", Coding::zstd},
      {"gzip;q=1.0, zstd;q=0.9", Coding::gzip},
      {"gzip ; q=0.2,zstd;q=0.200", Coding::zstd},
      {"zstd;q=0, gzip;q=0.001", Coding::gzip},
      {"gzip;q=0", Coding::identity},
      {"gzip;q=0.5, identity;q=0.8", Coding::identity},
      {"gzip;q=0.5, identity;q=0.5", Coding::gzip},
      {"*", Coding::zstd},
      {"*;q=0", Coding::identity},
      {"zstd;q=0, *;q=0.3", Coding::gzip},
      {"identity;q=0", Coding::identity},  // nothing that we have is accepted: it goes as it is
      {"identity;q=0, gzip", Coding::gzip},
      {"gzip;q=2", Coding::identity},
      {"gzip;q=0.1234", Coding::identity},
      {"gzip;level=9", Coding::identity},
      {",, gzip ,", Coding::gzip},
      {"gzipped", Coding::identity},
  };
  for (const auto& [accepted, expected] : table) {
    INFO(accepted);
    CHECK(chosen(accepted) == expected);
  }
  CHECK(choose_coding(asking({{"Accept-Encoding", "gzip;q=0.3"}, {"accept-encoding", "zstd"}}), {Coding::zstd, Coding::gzip}) == Coding::zstd);
  CHECK(chosen("zstd", {Coding::gzip, Coding::identity}) == Coding::identity);
}

TEST_CASE("a file has two forms with a strong tag each, and says what they depend on") {
  const File file("text/javascript", sample());
  const Response plain = file.answer(asking({})), packed = file.answer(asking({{"Accept-Encoding", "br, gzip"}}));
  CHECK(plain.status == 200);
  CHECK(bytes(plain) == sample());
  CHECK(value(plain, "Content-Encoding").empty());
  CHECK(value(packed, "Content-Encoding") == "gzip");
  CHECK(gunzip(bytes(packed), sample().size()) == sample());
  CHECK(value(plain, "ETag") != value(packed, "ETag"));
  for (const Response* each : {&plain, &packed}) {
    CHECK(value(*each, "ETag").front() == '"');  // strong
    CHECK(value(*each, "Vary") == "Accept-Encoding");
    CHECK(value(*each, "Accept-Ranges") == "bytes");
    CHECK(value(*each, "Cache-Control") == "no-cache");
    CHECK(value(*each, "Content-Type") == "text/javascript");
  }
  CHECK(value(File("text/javascript", sample() + "x").answer(asking({})), "ETag") != value(plain, "ETag"));
  const File tiny("text/plain", "hi");
  CHECK(value(tiny.answer(asking({{"Accept-Encoding", "gzip"}})), "Content-Encoding").empty());
  CHECK(value(tiny.answer(asking({{"Accept-Encoding", "gzip"}})), "Vary").empty());
}

TEST_CASE("stored as gzip alone, the plain form is unpacked when somebody wants it") {
  const std::string packed = compress(Coding::gzip, sample());
  const File file("text/css", File::Stored{packed, true, sample().size(), "aa", "bb"});
  CHECK(bytes(file.answer(asking({{"Accept-Encoding", "gzip"}}))) == packed);
  CHECK(bytes(file.answer(asking({}))) == sample());
  CHECK(value(file.answer(asking({})), "ETag") == "\"aa\"");
  CHECK(value(file.answer(asking({{"Accept-Encoding", "gzip"}})), "ETag") == "\"bb\"");
}

TEST_CASE("who has the form already gets 304 without a body") {
  const File file("text/javascript", sample());
  const std::string plain = value(file.answer(asking({})), "ETag"), packed = value(file.answer(asking({{"Accept-Encoding", "gzip"}})), "ETag");
  for (const auto& tags : {plain, "W/" + plain, "\"other\", " + plain, std::string("*"), "\"a,b\" ," + plain}) {
    INFO(tags);
    const Response response = file.answer(asking({{"If-None-Match", tags}}));
    CHECK(response.status == 304);
    CHECK(bytes(response).empty());
    CHECK(value(response, "ETag") == plain);
    CHECK(value(response, "Vary") == "Accept-Encoding");
    CHECK(value(response, "Cache-Control") == "no-cache");
  }
  CHECK(file.answer(asking({{"If-None-Match", plain}}, Method::head)).status == 304);
  // The tag of the other form is another thing's tag.
  CHECK(file.answer(asking({{"If-None-Match", plain}, {"Accept-Encoding", "gzip"}})).status == 200);
  CHECK(file.answer(asking({{"If-None-Match", packed}, {"Accept-Encoding", "gzip"}})).status == 304);
  for (const char* tags : {"\"other\"", "W/\"other\"", "", "other", "\"open", "W/"}) CHECK(file.answer(asking({{"If-None-Match", tags}})).status == 200);
  // If-Match compares strongly, and goes first.
  CHECK(file.answer(asking({{"If-Match", plain}})).status == 200);
  CHECK(file.answer(asking({{"If-Match", "*"}})).status == 200);
  CHECK(file.answer(asking({{"If-Match", "W/" + plain}})).status == 412);
  CHECK(file.answer(asking({{"If-Match", "\"other\""}, {"If-None-Match", plain}})).status == 412);
}

TEST_CASE("one range of the form that is sent, what is no such range is the whole") {
  const File file("text/javascript", sample());
  const std::string text = sample(), all = std::to_string(text.size());
  const auto part = [&](const std::string& range) { return file.answer(asking({{"Range", range}})); };

  const std::vector<std::tuple<std::string, std::size_t, std::size_t>> inside = {
      {"bytes=0-0", 0, 0}, {"bytes=0-99", 0, 99}, {"BYTES=5-9", 5, 9}, {"bytes=100-", 100, text.size() - 1}, {"bytes=-5", text.size() - 5, text.size() - 1},
      {"bytes=-99999999999999999999999", 0, text.size() - 1}, {"bytes=1-99999999999999999999999", 1, text.size() - 1}};
  for (const auto& [range, first, last] : inside) {
    INFO(range);
    const Response response = part(range);
    CHECK(response.status == 206);
    CHECK(bytes(response) == text.substr(first, last - first + 1));
    CHECK(value(response, "Content-Range") == "bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + all);
    CHECK(value(response, "Content-Type") == "text/javascript");
    CHECK(!value(response, "ETag").empty());
  }
  for (const auto& range : {"bytes=" + all + "-", "bytes=" + all + "-" + all, std::string("bytes=-0"), std::string("bytes=99999999999999999999999-")}) {
    INFO(range);
    const Response response = part(range);
    CHECK(response.status == 416);
    CHECK(value(response, "Content-Range") == "bytes */" + all);
  }
  for (const char* range : {"bytes=9-5", "bytes=a-b", "bytes=-", "bytes=", "bytes", "lines=0-5", "bytes=0-1,3-4", "bytes=0", "bytes=1-x", "bytes=--5", "bytes= 0-5"}) {
    INFO(range);
    CHECK(part(range).status == 200);
    CHECK(bytes(part(range)) == text);
  }
  CHECK(file.answer(asking({{"Range", "bytes=0-9"}}, Method::head)).status == 200);  // ranges are of GET alone

  const Response packed = file.answer(asking({{"Accept-Encoding", "gzip"}})), of_packed = file.answer(asking({{"Accept-Encoding", "gzip"}, {"Range", "bytes=10-19"}}));
  CHECK(of_packed.status == 206);
  CHECK(bytes(of_packed) == bytes(packed).substr(10, 10));
  CHECK(value(of_packed, "Content-Encoding") == "gzip");
  CHECK(value(of_packed, "Content-Range") == "bytes 10-19/" + std::to_string(bytes(packed).size()));
}

TEST_CASE("a range of what somebody has a part of already: only when it still is the same") {
  const File file("text/javascript", sample());
  const std::string plain = value(file.answer(asking({})), "ETag"), packed = value(file.answer(asking({{"Accept-Encoding", "gzip"}})), "ETag");
  CHECK(file.answer(asking({{"Range", "bytes=0-9"}, {"If-Range", plain}})).status == 206);
  for (const auto& other : {"W/" + plain, packed, std::string("\"other\""), std::string("Sat, 29 Oct 1994 19:43:31 GMT")}) {
    INFO(other);
    CHECK(file.answer(asking({{"Range", "bytes=0-9"}, {"If-Range", other}})).status == 200);
    CHECK(file.answer(asking({{"Range", "bytes=999999-"}, {"If-Range", other}})).status == 200);
  }
  CHECK(file.answer(asking({{"Range", "bytes=0-9"}, {"If-None-Match", plain}})).status == 304);  // the condition goes first
}

}  // namespace heliograph::http
