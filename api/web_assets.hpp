// The pages of web/ and the libraries behind /docs and /redoc, compiled into the binary (api/embed.cmake).
#pragma once

#include <span>
#include <string_view>

#include "api/http/file.hpp"

namespace heliograph::api {

struct WebAsset {
  std::string_view path, content_type;
  http::File::Stored stored;
};
std::span<const WebAsset> web_assets();

}  // namespace heliograph::api
