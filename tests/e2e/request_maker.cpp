#include "tests/e2e/request_maker.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstring>

namespace heliograph::e2e {
namespace {

std::string json_text(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

const rapidjson::Value* member(const rapidjson::Value& object, const char* name) { return object.IsObject() && object.HasMember(name) ? &object[name] : nullptr; }

bool is_type(const rapidjson::Value& schema, const char* type) {
  const auto* types = member(schema, "type");
  return types != nullptr && types->IsString() && std::strcmp(types->GetString(), type) == 0;
}

/// What breaks readers: empty, long, foreign scripts, control characters, things that mean something elsewhere.
const std::vector<std::string>& nasty() {
  static const std::vector<std::string> all = {"", " ", "0", "-1", "1e999", "NaN", "null", "true", "../../etc/passwd", "<script>alert(1)</script>", "'; drop table sites; --", "${7*7}", "%s%n",
                                               "\xc3\xa9\xc3\xbc\xe2\x82\xac", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "\xf0\x9f\x94\xa5", "\xe2\x80\xae" "evil", std::string("a\0b", 3), "a\r\nSet-Cookie: x=y", "\x7f", "\x01\x02",
                                               "9223372036854775808", "-9223372036854775809", "0x10", std::string(300, 'a'), std::string(5000, 'b')};
  return all;
}

}  // namespace

std::string encoded(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::strchr("-._~", c) != nullptr;
    if (plain && c != '\0') {
      out += c;
      continue;
    }
    constexpr const char* digits = "0123456789ABCDEF";
    out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string RequestMaker::word() {
  static const std::vector<std::string> words = {"boiler", "night", "a", "Zo\xc3\xab's house", "2027-01-01", "x-1", "four words of a house", "Europe/Amsterdam", "EUR", "PT5M"};
  return words[pick(words.size())];
}

std::string RequestMaker::text_of(const rapidjson::Value& schema) {
  if (const auto* choices = member(schema, "enum")) {
    const auto& choice = (*choices)[static_cast<rapidjson::SizeType>(pick(choices->Size()))];
    return choice.IsString() ? choice.GetString() : json_text(choice);
  }
  if (is_type(schema, "integer") || is_type(schema, "number")) {
    const std::int64_t low = member(schema, "minimum") != nullptr ? schema["minimum"].GetInt64() : -1000, high = member(schema, "maximum") != nullptr ? schema["maximum"].GetInt64() : low + 2000;
    const std::int64_t choices[] = {low, high, low + static_cast<std::int64_t>(dice_() % (static_cast<std::uint64_t>(high - low) + 1))};
    return std::to_string(choices[pick(3)]);
  }
  if (is_type(schema, "boolean")) return chance(50) ? "true" : "false";
  const std::string format = member(schema, "format") != nullptr ? schema["format"].GetString() : "";
  if (format == "date-time") return chance(50) ? "2026-01-01T00:00:00Z" : "2027-06-01T12:30:00+02:00";
  if (format == "duration") return "PT1H";
  if (member(schema, "pattern") != nullptr) return "id-" + std::to_string(pick(5));
  std::string text = word();
  const std::size_t least = member(schema, "minLength") != nullptr ? schema["minLength"].GetUint64() : 0, most = member(schema, "maxLength") != nullptr ? schema["maxLength"].GetUint64() : 1000;
  while (text.size() < least) text += "xyzzy plugh ";
  return text.substr(0, most);
}

std::string RequestMaker::known_or_word(const std::string& name, const rapidjson::Value& schema) {
  const auto found = known_.find(name);
  return found != known_.end() && !found->second.empty() ? found->second[pick(found->second.size())] : text_of(schema);
}

rapidjson::Value RequestMaker::value(const std::string& name, const rapidjson::Value& given, int depth) {
  auto& memory = memory_.GetAllocator();
  const rapidjson::Value& schema = document_.followed(given);
  if (const auto* ways = member(schema, "oneOf")) return value(name, (*ways)[static_cast<rapidjson::SizeType>(pick(ways->Size()))], depth + 1);
  std::string type = "object";
  if (const auto* types = member(schema, "type")) {
    if (types->IsArray()) type = (*types)[static_cast<rapidjson::SizeType>(pick(types->Size()))].GetString();
    else type = types->GetString();
  } else if (member(schema, "enum") != nullptr) {
    type = "string";
  }
  if (type == "null") return rapidjson::Value();
  if (type == "boolean") return rapidjson::Value(chance(50));
  if (type == "integer" || type == "number") {
    rapidjson::Value one(rapidjson::kObjectType);
    one.CopyFrom(schema, memory);
    one["type"].SetString(rapidjson::StringRef("integer"));
    return rapidjson::Value(static_cast<std::int64_t>(std::stoll(text_of(one))));
  }
  if (type == "array") {
    rapidjson::Value out(rapidjson::kArrayType);
    const auto* items = member(schema, "items");
    for (std::size_t i = 0, n = pick(3) + (depth == 0 ? 1 : 0); i < n && items != nullptr; ++i) out.PushBack(value(name, *items, depth + 1), memory);
    return out;
  }
  if (type == "string") return rapidjson::Value(known_or_word(name, schema).c_str(), memory);
  rapidjson::Value out(rapidjson::kObjectType);
  const auto* properties = member(schema, "properties");
  if (properties == nullptr || depth > 6) return out;
  const auto* required = member(schema, "required");
  for (const auto& each : properties->GetObject()) {
    bool needed = false;
    if (required != nullptr)
      for (const auto& key : required->GetArray()) needed = needed || key == each.name;
    if (needed || chance(40)) out.AddMember(rapidjson::Value(each.name, memory), value(each.name.GetString(), each.value, depth + 1), memory);
  }
  return out;
}

rapidjson::Value RequestMaker::wrong_value() {
  auto& memory = memory_.GetAllocator();
  switch (pick(9)) {
    case 0: return rapidjson::Value();
    case 1: return rapidjson::Value(true);
    case 2: return rapidjson::Value(-1);
    case 3: return rapidjson::Value(1e300);
    case 4: return rapidjson::Value(static_cast<std::uint64_t>(-1));
    case 5: return rapidjson::Value(0.1);
    case 6: return rapidjson::Value(rapidjson::kArrayType);
    case 7: return rapidjson::Value(rapidjson::kObjectType);
    default: {
      const std::string& text = nasty()[pick(nasty().size())];
      return rapidjson::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), memory);
    }
  }
}

const rapidjson::Value* RequestMaker::body_schema(std::string* type) {
  const auto* body = member(operation_, "requestBody");
  if (body == nullptr) return nullptr;
  const auto& content = (*body)["content"];
  const auto first = content.MemberBegin();
  if (type != nullptr) *type = first->name.GetString();
  return &first->value;
}

std::string RequestMaker::fitting_body() {
  const auto* media = body_schema();
  if (media == nullptr) return {};
  if (const auto* example = member(*media, "example"); example != nullptr && chance(30)) return json_text(*example);
  return json_text(value("", (*media)["schema"], 0));
}

std::string RequestMaker::wrong_body(std::string& kind) {
  auto& memory = memory_.GetAllocator();
  rapidjson::Value body = value("", (*body_schema())["schema"], 0);
  rapidjson::Value& object = body.IsArray() && !body.Empty() ? body[0] : body;
  const bool has_members = object.IsObject() && object.MemberCount() > 0;
  switch (pick(10)) {
    case 0:
      kind = "a member is missing";
      if (has_members) object.RemoveMember(object.MemberBegin() + static_cast<std::ptrdiff_t>(pick(object.MemberCount())));
      break;
    case 1: case 2: case 3:
      kind = "a member of another kind";
      if (has_members) (object.MemberBegin() + static_cast<std::ptrdiff_t>(pick(object.MemberCount())))->value = wrong_value();
      else return json_text(wrong_value());
      break;
    case 4:
      kind = "a member that nobody asked for";
      if (object.IsObject()) object.AddMember(rapidjson::Value(chance(50) ? "surprise" : "__proto__", memory), wrong_value(), memory);
      break;
    case 5:
      kind = "a huge text";
      if (has_members) (object.MemberBegin() + static_cast<std::ptrdiff_t>(pick(object.MemberCount())))->value.SetString(std::string(200'000, 'x').c_str(), memory);
      break;
    case 6: kind = "another kind of body"; return json_text(wrong_value());
    case 7: kind = "deep"; return std::string(2000, '[') + std::string(2000, ']');
    case 8: {
      kind = "broken";
      std::string text = json_text(body);
      if (chance(30)) return text + "}";
      if (chance(30)) return "{\"a\":\"\xff\xfe\"}";
      if (chance(30)) return "{\"a\":1,\"a\":2}";
      return text.substr(0, pick(text.size()));
    }
    default:
      kind = "a member twice";
      if (has_members) object.AddMember(rapidjson::Value(object.MemberBegin()->name, memory), wrong_value(), memory);
  }
  return json_text(body);
}

MadeRequest RequestMaker::fitting() {
  MadeRequest made{method_, path_, fitting_body(), {}, false, "fitting"};
  std::string query;
  if (const auto* parameters = member(operation_, "parameters"))
    for (const auto& each : parameters->GetArray()) {
      const std::string name = each["name"].GetString(), in = each["in"].GetString();
      const rapidjson::Value& whole = each["schema"];
      const rapidjson::Value& schema = is_type(whole, "array") ? whole["items"] : whole;
      if (in == "path") made.target.replace(made.target.find("{" + name + "}"), name.size() + 2, encoded(known_or_word(name, schema)));
      else if (in == "query" && (member(each, "required") != nullptr || chance(35))) query += (query.empty() ? "?" : "&") + name + "=" + encoded(known_or_word(name, schema));
      else if (name == "Idempotency-Key") made.headers.emplace_back(name, "k" + std::to_string(dice_()));
      else if (in == "header" && name == "Range" && chance(30)) made.headers.emplace_back(name, "bytes=0-9");
    }
  made.target += query;
  std::string type;
  if (body_schema(&type) != nullptr) made.headers.emplace_back("Content-Type", type);
  return made;
}

MadeRequest RequestMaker::any() {
  MadeRequest made = fitting();
  const bool has_body = body_schema() != nullptr;
  const auto drop = [&](const std::string& name) { std::erase_if(made.headers, [&](const auto& header) { return header.first == name; }); };
  switch (pick(has_body ? 14 : 8)) {
    case 0: break;  // it fits
    case 1:
      made.kind = "nobody asks";
      made.as_nobody = true;
      break;
    case 2:
      made.kind = "a query parameter that there is not";
      made.target += (made.target.find('?') == std::string::npos ? "?" : "&") + std::string("surprise=") + encoded(nasty()[pick(nasty().size())].substr(0, 200));
      break;
    case 3: case 4: {
      made.kind = "a parameter's value is wrong";
      const auto* parameters = member(operation_, "parameters");
      if (parameters == nullptr) break;
      const auto& each = (*parameters)[static_cast<rapidjson::SizeType>(pick(parameters->Size()))];
      const std::string name = each["name"].GetString(), in = each["in"].GetString(), text = encoded(in == "path" && chance(20) ? "{" + name + "}" : nasty()[pick(nasty().size() - 1)]);
      if (in == "path") {
        const auto at = path_.find("{" + name + "}");
        made.target = path_.substr(0, at) + text + path_.substr(at + name.size() + 2);
        for (auto brace = made.target.find('{'); brace != std::string::npos; brace = made.target.find('{')) made.target.replace(brace, made.target.find('}', brace) - brace + 1, "home");
      } else if (in == "query") {
        made.target += (made.target.find('?') == std::string::npos ? "?" : "&") + name + "=" + text;
      } else {
        drop(name);
        made.headers.emplace_back(name, text.substr(0, 300));
      }
      break;
    }
    case 5:
      made.kind = "odd headers";
      made.headers.emplace_back("Accept", chance(50) ? "application/json" : "image/png;q=0");
      made.headers.emplace_back("Accept-Encoding", chance(50) ? "gzip;q=0.5, *;q=0" : "identity;q=0");
      made.headers.emplace_back("If-None-Match", "\"x\", W/\"y\", *");
      break;
    case 6:
      made.kind = "without what it needs once";
      drop("Idempotency-Key");
      break;
    case 7:
      if (has_body) {
        made.kind = "no body";
        made.body.clear();
      } else {
        made.kind = "a body that nobody asked for";
        made.body = "{}";
        made.headers.emplace_back("Content-Type", "application/json");
      }
      break;
    case 8: {
      static const char* const types[] = {"text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json; charset=utf-16", ""};
      made.kind = "another content type";
      drop("Content-Type");
      if (const std::string type = types[pick(5)]; !type.empty()) made.headers.emplace_back("Content-Type", type);
      break;
    }
    case 9:
      made.kind = "a packed body";
      made.headers.emplace_back("Content-Encoding", chance(50) ? "gzip" : "br");
      break;
    default: made.body = wrong_body(made.kind);
  }
  return made;
}

}  // namespace heliograph::e2e
