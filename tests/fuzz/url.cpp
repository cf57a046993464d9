// URLs, in settings and from clients.
#include "common/http/url.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

void require_hidden(const Url& url, const std::optional<Url>& shown) {
    require(shown.has_value(), "a URL without its passwords is one");
    require(url.password.empty() || shown->password == "***", "the password is not shown");
    require(shown->host == url.host && shown->user == url.user && shown->path == url.path,
            "all else is shown");
    for (const char* name : {"password", "sslpassword"}) {
        const auto secret = shown->parameter(name);
        require(secret.empty() || secret == "***", "no parameter is shown");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    percent_decode(text);
    redact_urls_in(text);
    is_loopback_host(text);
    is_domain_name(text);
    const auto host = host_of_authority(text);
    require(host.size() <= size, "a host is a part of the authority");
    const std::string shown = redact_url(text);
    const auto url = parse_url(text);
    if (!url) return 0;
    require_hidden(*url, parse_url(shown));
    require(redact_url(shown) == shown, "what is hidden stays hidden");
    return 0;
}
