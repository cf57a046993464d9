// What PostgreSQL's refusals mean to who configures the aggregator.
#include <array>
#include <string_view>

#include "aggregator/cli/commands.h"
#include "common/text.h"

namespace chorus::cli {
namespace {

struct Remedy {
    std::string_view sign;  // part of the message of libpq or the server
    std::string_view text;
};

// The first that fits; texts of a server that speaks another language get the last.
constexpr std::array kRemedies{
    Remedy{
        "password authentication failed",
        "the password in database-url is not that of the role; CHORUS_DATABASE_URL_FILE may name "
        "a file that holds the URL"},
    Remedy{"no password supplied", "database-url holds no password"},
    Remedy{"Peer authentication failed",
           "on this socket a role is for the system account of the same name: run this as that "
           "account, or let database-url name a host and a password"},
    Remedy{"no pg_hba.conf entry", "pg_hba.conf of that server does not admit this host and role"},
    Remedy{"does not exist",
           "for a PostgreSQL on this machine `chorus-aggregator setup-db`, as root, makes role and "
           "database; elsewhere its administrator does"},
    Remedy{"could not translate host name",
           "the host in database-url is not known; is it spelt right?"},
    Remedy{"timeout expired",
           "PostgreSQL stands still or has too much to do, or a firewall is in between"},
    Remedy{"permission denied", "the role in database-url may not do this"},
    Remedy{"", "is PostgreSQL running there, and does database-url say where it is?"},
};

}  // namespace

std::string database_remedy(const store::DatabaseError& error) {
    const std::string_view reason = error.what();
    for (const Remedy& one : kRemedies) {
        if (reason.find(one.sign) != reason.npos) return std::string(one.text);
    }
    return {};
}

std::string database_trouble(const std::string& place, const store::DatabaseError& error) {
    std::string_view reason = trim(error.what());
    constexpr std::string_view known = "cannot connect to PostgreSQL: ";
    if (reason.starts_with(known)) reason.remove_prefix(known.size());
    return place + ": " + std::string(reason) + "; " + database_remedy(error);
}

}  // namespace chorus::cli
