#include "aggregator/cli/service_user.h"

#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "aggregator/cli/commands.h"
#include "aggregator/quickstart/child.h"
#include "common/http/url.h"

namespace chorus::cli {

void become_service_user(const Config& config) {
    if (geteuid() != 0) return;
    const auto url = parse_url(config.text("database-url"));
    const bool by_account = url && url->host.empty() && url->user.empty() &&
                            url->parameter("user").empty() &&
                            url->parameter("host").starts_with('/');
    const auto account = quickstart::account_named(kServiceUser);
    if (!by_account || !account) return;
    if (initgroups(account->name.c_str(), account->gid) != 0 || setgid(account->gid) != 0 ||
        setuid(account->uid) != 0) {
        throw std::system_error(errno, std::generic_category(), kServiceUser);
    }
}

}  // namespace chorus::cli
