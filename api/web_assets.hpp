// The pages of web/, compiled into the binary (api/embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace heliograph::api {

struct WebAsset {
  std::string_view path, content_type, text;
};
std::span<const WebAsset> web_assets();

}  // namespace heliograph::api
