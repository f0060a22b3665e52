// Where nothing may be sent, in every spelling that a URL, a resolver or an IPv6 tunnel offers.
#include "actors/notify/address_guard.hpp"

#include <catch2/catch.hpp>

using namespace heliograph;
using namespace heliograph::notify;

namespace {

constexpr AddressPolicy internet{};
constexpr AddressPolicy house{.allow_http = true, .allow_lan = true, .allow_loopback = false};
constexpr AddressPolicy machine{.allow_http = true, .allow_lan = true, .allow_loopback = true};

Address address(std::string_view text) {
  const auto parsed = parse_address(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST_CASE("a URL that leads inside is refused when it is saved, however it is spelt") {
  for (const char* url : {
           "https://127.0.0.1/",
           "https://127.0.0.1:8443/x",
           "https://127.1/",
           "https://127.0.1/",
           "https://2130706433/",
           "https://0x7f000001/",
           "https://0x7f.0.0.1/",
           "https://0X7F.1/",
           "https://0177.0.0.1/",
           "https://017700000001/",
           "https://127.0.0.01/",
           "https://127.0.0.1./",
           "https://127.000.000.001/",
           "https://127.255.255.254/",
           "https://0.0.0.0/",
           "https://0/",
           "https://00/",
           "https://0x0/",
           "https://localhost/",
           "https://LOCALHOST/",
           "https://localhost./",
           "https://a.localhost/",
           "https://localhost.localdomain/",
           "https://[::1]/",
           "https://[0:0:0:0:0:0:0:1]/",
           "https://[0000::0001]/",
           "https://[::]/",
           "https://[::ffff:127.0.0.1]/",
           "https://[::ffff:7f00:1]/",
           "https://[::127.0.0.1]/",
           "https://[64:ff9b::127.0.0.1]/",
           "https://[64:ff9b::7f00:1]/",
           "https://[64:ff9b:1::7f00:1]/",
           "https://[2002:7f00:1::]/",
           "https://[2002:a00:1::1]/",
           "https://[::ffff:0:127.0.0.1]/",
           "https://[2001:db8::5efe:127.0.0.1]/",
           "https://[2a01:4f8::5efe:10.0.0.1]/",
           "https://[2a01:4f8::200:5efe:10.0.0.1]/",
           "https://[fe80::5efe:8.8.8.8]/",
           "https://[fe80::1]/",
           "https://[fe80::1%25eth0]/",
           "https://[fe80::1%eth0]/",
           "https://[febf::1]/",
           "https://[fec0::1]/",
           "https://[fc00::1]/",
           "https://[fd00::1]/",
           "https://[fdff:ffff::1]/",
           "https://[ff02::1]/",
           "https://[2001::1]/",
           "https://[2001:db8::1]/",
           "https://[100::1]/",
           "https://10.0.0.1/",
           "https://10.255.255.255/",
           "https://172.16.0.1/",
           "https://172.31.255.255/",
           "https://192.168.1.1/",
           "https://100.64.0.1/",
           "https://100.127.255.255/",
           "https://169.254.0.1/",
           "https://224.0.0.1/",
           "https://239.255.255.255/",
           "https://255.255.255.255/",
           "https://240.0.0.1/",
           "https://192.0.0.1/",
           "https://198.18.0.1/",
           "https://0xA9FEA9FE/",
           "https://3232235777/",
           "https://nas/",
           "https://nas.local/",
           "https://NAS.LOCAL/",
           "https://router.lan/",
           "https://hub.home.arpa/",
           "https://192.168.0.1.local/",
           "https://host.internal/",
           "https://1.1/",
           "https://1.2.3/",
           "https://1.2.3.4.5/",
           "https://256.1.1.1/",
           "https://1.2.3.256/",
           "https://0x1.0x2.0x3.0x4/",
       }) {
    CAPTURE(url);
    CHECK_FALSE(check_url(url, internet).has_value());
  }
}

TEST_CASE("metadata services and link-local addresses are open to nobody, not even with the LAN and loopback allowed") {
  for (const char* url : {
           "http://169.254.169.254/latest/meta-data/",
           "http://169.254.170.2/v2/credentials",
           "http://[fd00:ec2::254]/",
           "http://[fd00:ec2:0:0:0:0:0:254]/",
           "http://[::ffff:169.254.169.254]/",
           "http://[::ffff:a9fe:a9fe]/",
           "http://[64:ff9b::169.254.169.254]/",
           "http://[2002:a9fe:a9fe::1]/",
           "http://100.100.100.200/",
           "http://192.0.0.192/",
           "http://168.63.129.16/",
           "http://[fd20:ce::254]/",
           "http://metadata/",
           "http://metadata.google.internal/",
           "http://instance-data/",
           "http://0xa9fea9fe/",
           "http://2852039166/",
           "http://169.254.1.1/",
           "http://[fe80::1]/",
           "http://100.64.0.1/",
           "http://0.0.0.0/",
           "http://[::]/",
           "http://224.0.0.251/",
           "http://[ff02::fb]/",
           "http://255.255.255.255/",
       }) {
    CAPTURE(url);
    CHECK_FALSE(check_url(url, machine).has_value());
  }
}

TEST_CASE("a URL has one plain shape") {
  for (const char* url : {
           "",
           "hooks.example",
           "//hooks.example/",
           "ftp://hooks.example/",
           "file:///etc/passwd",
           "gopher://hooks.example/",
           "javascript:alert(1)",
           "https:hooks.example",
           "https:/hooks.example",
           "https:///etc",
           "https://",
           "https://:443/",
           "https://user@hooks.example/",
           "https://user:pass@hooks.example/",
           "https://hooks.example@10.0.0.1/",
           "https://hooks.example:443@10.0.0.1/",
           "https://hooks.example\\@10.0.0.1/",
           "https://hooks.example#@10.0.0.1/",
           "https://hooks%2eexample/",
           "https://hooks.example%00.evil/",
           "https://hooks.example:22/",
           "https://hooks.example:25/",
           "https://hooks.example:6379/",
           "https://hooks.example:3306/",
           "https://hooks.example:5432/",
           "https://hooks.example:11211/",
           "https://hooks.example:0/",
           "https://hooks.example:65536/",
           "https://hooks.example:-1/",
           "https://hooks.example:/",
           "https://hooks.example:0443/",
           "https://hooks.example:4 43/",
           "https://hooks.example/a b",
           "https://hooks.example/\r\nX: y",
           "https://hooks.example\t/",
           "https://hooks..example/",
           "https://.hooks.example/",
           "https://-hooks.example/",
           "https://hooks_.example/",
           "https://h\xC3\xB6oks.example/",
           "https://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1/",
           "https://[::1/",
           "https://[127.0.0.1]/",
           "https://[hooks.example]/",
           "https://[2a01:4f8::1]x/",
           "https://hooks.example./",
           "http://hooks.example/",
       }) {
    CAPTURE(url);
    CHECK_FALSE(check_url(url, internet).has_value());
  }
  CHECK_FALSE(check_url("https://hooks.example/" + std::string(2100, 'a'), internet).has_value());
}

TEST_CASE("what is allowed comes through, rebuilt from what was understood") {
  const auto text = [](const char* url, const AddressPolicy& policy) {
    CAPTURE(url);
    const auto checked = check_url(url, policy);
    REQUIRE(checked.has_value());
    return checked->text();
  };
  CHECK(text("https://hooks.example/a/../b?x=%20", internet) == "https://hooks.example:443/a/../b?x=%20");
  CHECK(text("HTTPS://Hooks.Example", internet) == "https://hooks.example:443/");
  CHECK(text("https://hooks.example?x=1", internet) == "https://hooks.example:443/?x=1");
  CHECK(text("https://hooks.example:8443/x", internet) == "https://hooks.example:8443/x");
  CHECK(text("https://8.8.8.8/", internet) == "https://8.8.8.8:443/");
  CHECK(text("https://[2A01:4F8::1]:8443/x", internet) == "https://[2a01:4f8::1]:8443/x");
  CHECK(text("https://xn--hks-sna.example/", internet) == "https://xn--hks-sna.example:443/");
  CHECK(text("http://192.168.1.20:8123/api/webhook", house) == "http://192.168.1.20:8123/api/webhook");
  CHECK(text("http://nas.local/", house) == "http://nas.local:80/");
  CHECK(text("http://[fd12::1]/", house) == "http://[fd12::1]:80/");
  CHECK(text("http://127.0.0.1:18080/", machine) == "http://127.0.0.1:18080/");
  CHECK_FALSE(check_url("http://127.0.0.1:18080/", house).has_value());
  CHECK_FALSE(check_url("http://localhost/", house).has_value());
}

TEST_CASE("a name is refused when one of its addresses leads inside") {
  const std::vector<Address> mixed = {address("93.184.216.34"), address("2a01:4f8::1"), address("10.0.0.7")};
  CHECK_FALSE(check_addresses("hooks.example", mixed, internet).has_value());
  CHECK(check_addresses("hooks.example", mixed, house).has_value());
  CHECK(check_addresses("hooks.example", std::span(mixed).first(2), internet).has_value());
  CHECK(check_addresses("hooks.example", {}, internet).error().code == Errc::not_found);
  const std::vector<Address> metadata = {address("93.184.216.34"), address("169.254.169.254")};
  CHECK_FALSE(check_addresses("hooks.example", metadata, machine).has_value());
}

TEST_CASE("one look-up, and none for a literal address or a name that is not asked") {
  int asked = 0;
  const auto resolve = [&](const std::string&) -> Result<std::vector<Address>> {
    ++asked;
    return std::vector<Address>{address("93.184.216.34")};
  };
  CHECK(checked_addresses("hooks.example", internet, resolve).value().size() == 1);
  CHECK(asked == 1);
  CHECK(checked_addresses("8.8.8.8", internet, resolve).value().front() == address("8.8.8.8"));
  CHECK_FALSE(checked_addresses("metadata.google.internal", machine, resolve).has_value());
  CHECK_FALSE(checked_addresses("0x7f.1", machine, resolve).has_value());
  CHECK(asked == 1);
}

TEST_CASE("the edges of ranges are where they belong") {
  const auto place = [](std::string_view text) { return place_of(address(text)); };
  for (const char* open :
       {"9.255.255.255",   "11.0.0.0",        "100.63.255.255",  "100.128.0.0",      "126.255.255.255",
        "128.0.0.0",       "169.253.255.255", "169.255.0.0",     "172.15.255.255",   "172.32.0.0",
        "192.167.255.255", "192.169.0.0",     "198.17.255.255",  "198.20.0.0",       "223.255.255.255",
        "1.0.0.0",         "2a01:4f8::1",     "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"}) {
    CAPTURE(open);
    CHECK(place(open) == Place::open);
  }
  CHECK(place("172.16.0.0") == Place::lan);
  CHECK(place("fdff::1") == Place::lan);
  CHECK(place("127.255.255.255") == Place::loopback);
  CHECK(place("::ffff:10.0.0.1") == Place::lan);
  CHECK(place("4000::1") == Place::elsewhere);
  CHECK(to_string(address("::ffff:10.0.0.1")) == "::ffff:10.0.0.1");
  CHECK(to_string(address("10.0.0.1")) == "10.0.0.1");
}
