// What a database administrator does once: make the role and the database, with no more rights than
// needed.
#pragma once

#include <string>
#include <vector>

#include "aggregator/postgres/session.h"

namespace chorus::store {

struct Provision {
    std::string database = "chorus_monitoring";
    std::string role = "chorus-aggregator";  // no password: known by its system account
};

// Makes what is missing and returns in words what it made. Run again, it has nothing to do. The
// session must be a superuser's. The role is no superuser and can make neither roles nor databases.
// Besides it only chorus_readonly may connect to the database.
std::vector<std::string> provision(Session& administrator, const Provision& wanted);

// To be run in that database. Makes the role the owner of a schema `monitoring` that another user
// made, and of the tables of the original service, wherever they are. Returns whether there were
// any.
bool take_over_schema(Session& administrator, const std::string& role);

}  // namespace chorus::store
