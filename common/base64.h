// Base64 as headers and mails have it.
#pragma once

#include <string>
#include <string_view>

namespace chorus {

// RFC 4648, section 4, with padding, one line.
std::string to_base64(std::string_view bytes);

}  // namespace chorus
