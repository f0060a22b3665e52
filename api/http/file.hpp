// A text that stays the same while the process runs, as HTTP serves files (RFC 9110): plain or gzip, each with a strong validator of its
// own; conditions (If-Match, If-None-Match) and one range (Range, If-Range) are about the form that the client gets.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/http/types.hpp"

namespace heliograph::http {

class File {
 public:
  /// Made at the start: the forms and tags are made from it.
  File(std::string content_type, std::string text);

  /// Compiled in. `stored` lives as long as the process; where it is gzip, `size` is what it unpacks to, at the first wish for it.
  struct Stored {
    std::string_view bytes;
    bool is_gzip = false;
    std::size_t size = 0;
    std::string_view tag, gzip_tag;  // hex digests of each form's bytes
  };
  File(std::string content_type, const Stored& stored);

  /// To a GET or HEAD: 200, 206, 304, 412 or 416. `headers` are added to all but problems.
  Response answer(const Request& request, const Headers& headers = {}) const;

 private:
  struct Form {
    std::string tag;  // in quotes, as in ETag
    SharedText text;
  };
  const SharedText& plain() const;

  std::string content_type_;
  mutable Form plain_;  // its text is guarded by unpacked_
  mutable std::once_flag unpacked_;
  std::size_t size_ = 0;
  Form gzip_;  // without a text: gzip would not make it smaller
};

}  // namespace heliograph::http
