// What a database administrator does once: role and database, with no more rights than needed.
#pragma once

#include <string>
#include <vector>

#include "aggregator/postgres/session.h"

namespace chorus::store {

struct Provision {
    std::string database = "chorus_monitoring";
    std::string role = "chorus-aggregator";  // no password: known by its system account
};

// Makes what is missing and answers it in words; nothing is left to do when run again. The session
// must be a superuser's. The role is no superuser and makes neither roles nor databases; nobody
// else but chorus_readonly may connect to the database.
std::vector<std::string> provision(Session& administrator, const Provision& wanted);

// In the database itself: gives the role the schema `monitoring` that another user made, and the
// tables of the original service, wherever they are. Answers whether there was something to give.
bool take_over_schema(Session& administrator, const std::string& role);

}  // namespace chorus::store
