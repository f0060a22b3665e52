// Signing: known vectors, one key file that only its owner reads, and no signature that holds for anything else.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "events/checkpoint.hpp"
#include "tests/support/temp_dir.hpp"

using namespace heliograph;

TEST_CASE("SHA-256 and Ed25519 are the ones of the standards") {
  CHECK(hex(bytes_of(sha256({"abc"}))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256({"a", "bc"}) == sha256({"abc"}));
  CHECK(hex(bytes_of(sha256({}))) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // RFC 8032, 7.1, test 2.
  Digest seed{};
  const std::string text = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::uint8_t>(std::stoi(text.substr(2 * i, 2), nullptr, 16));
  const SigningKey key = SigningKey::from_seed(seed);
  CHECK(hex(key.public_key()) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  CHECK(hex(key.sign("\x72")) == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                                 "387b2eaeb4302aeeb00d291612bb0c00");
  CHECK(key.key_id().size() == 16);
}

TEST_CASE("a signature holds for its key, text and nothing else") {
  const SigningKey key = SigningKey::from_seed(sha256({"one"})), other = SigningKey::from_seed(sha256({"two"}));
  const std::string text = checkpoint_text("acme/villa", 42, std::string("\x01\xFF", 2)), signature = key.sign(text);
  CHECK(text == "acme/villa\n42\n01ff\n");
  CHECK(signature_holds(key.public_key(), text, signature));
  CHECK_FALSE(signature_holds(other.public_key(), text, signature));
  CHECK_FALSE(signature_holds(key.public_key(), text + " ", signature));
  CHECK_FALSE(signature_holds(key.public_key(), text, signature.substr(1)));
  CHECK_FALSE(signature_holds(key.public_key(), text, ""));
  CHECK_FALSE(signature_holds("", text, signature));
  CHECK_FALSE(signature_holds("short", text, signature));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    std::string changed = signature;
    changed[bit / 8] ^= static_cast<char>(1 << bit % 8);
    CHECK_FALSE(signature_holds(key.public_key(), text, changed));
  }
}

TEST_CASE("the key file is made once, is its owner's, and a cut one is not replaced") {
  const testing::TempDir directory;
  const std::string path = directory.path() + "/signing.key";
  const auto made = SigningKey::open(path);
  REQUIRE(made);
  CHECK(std::filesystem::file_size(path) == 32);
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  const auto again = SigningKey::open(path);
  REQUIRE(again);
  CHECK(again->key_id() == made->key_id());
  CHECK(again->sign("x") == made->sign("x"));
  for (const std::uintmax_t size : {31u, 33u, 0u}) {
    std::filesystem::resize_file(path, size);
    const auto damaged = SigningKey::open(path);
    CAPTURE(size);
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().code == Errc::corrupt);
  }
  CHECK_FALSE(SigningKey::open(directory.path() + "/no/such/folder/key"));
}
