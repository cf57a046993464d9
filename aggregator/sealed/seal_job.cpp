#include "aggregator/sealed/seal_job.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "aggregator/postgres/database_error.h"
#include "aggregator/schema/lease.h"
#include "aggregator/sealed/history_fill.h"
#include "aggregator/sealed/open_days.h"
#include "common/log.h"
#include "common/timestamp.h"

namespace chorus::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::sys_days;
using Steady = std::chrono::steady_clock;

constexpr Logger kSealJobLog{"sealed"};
constexpr int kMoveAttempts = 3;
constexpr milliseconds kBetweenAttempts{200};
constexpr milliseconds kBetweenQuestions{50};  // whether the program ends

constexpr const char* kLockTimeout = "SET LOCAL lock_timeout = '2s'";

// The index of a whole day may take longer than the statements of a session are allowed to.
template <typename Read>
auto read_unhurried(Database& database, Read read, sys_days day) {
    const auto session = database.acquire();
    Transaction transaction{*session};
    session->execute_script("SET LOCAL statement_timeout = 0");
    auto found = read(*session, day);
    transaction.commit();
    return found;
}

std::string text_of(sys_days day) {
    return format_timestamp(Timestamp{day}).substr(0, 10);
}

}  // namespace

// Rests for that time; false if the program ends.
bool SealJob::pause(Steady::duration time) {
    const auto until = Steady::now() + time;
    for (auto left = time; left > Steady::duration::zero(); left = until - Steady::now()) {
        if (stopping_()) return false;
        std::this_thread::sleep_for(std::min<Steady::duration>(left, kBetweenQuestions));
    }
    return true;
}

// What fails for one host or day is no reason to leave the others.
void SealJob::guard(std::string_view what, sys_days day, const Work& work) {
    try {
        work();
    } catch (const DatabaseUnavailable&) {
        throw;
    } catch (const LeadershipLost&) {
        throw;
    } catch (const std::exception& e) {
        ++outcome_.failed;
        fail(what, text_of(day), e.what());
    }
}

void SealJob::fail(std::string_view what, const std::string& day, const std::string& why) {
    {
        const std::lock_guard lock{mutex_};
        progress_.last_error = day + ": " + why;
    }
    kSealJobLog.warning(what, {{"day", day}, {"of", tier_.what}, {"error", why}});
}

void SealJob::pack(std::int64_t epoch, std::int32_t host_id, sys_days day, Hot hot) {
    work("A host's day could not be packed", day, [&] {
        const auto session = database_.acquire();
        Transaction transaction{*session};
        const auto packed = tier_.pack(*session, epoch, host_id, day, hot);
        if (!packed) return;  // the host was removed meanwhile
        transaction.commit();
        outcome_.hosts += packed->batches > 0 ? 1 : 0;
        outcome_.batches += packed->batches;
        outcome_.samples += packed->samples;
        const std::lock_guard lock{mutex_};
        progress_.batches_packed += packed->batches;
        progress_.samples_packed += packed->samples;
    });
}

void SealJob::work(std::string_view what, sys_days day, const Work& piece) {
    const auto begin = Steady::now();
    guard(what, day, piece);
    const auto worked = Steady::now() - begin;
    {
        const std::lock_guard lock{mutex_};
        progress_.seconds += std::chrono::duration<double>(worked).count();
    }
    const auto share = std::clamp(options_.cpu_percent, 1, 100);
    pause(worked * (100 - share) / share);
}

// False if the program ends.
bool SealJob::pack_hosts(std::int64_t epoch, const std::vector<std::int32_t>& hosts, sys_days day) {
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (stopping_()) return false;
        note(day, i, hosts.size());
        pack(epoch, hosts[i], day, Hot::whole_day);
    }
    return true;
}

bool SealJob::pack_day(std::int64_t epoch, sys_days day) {
    {
        const auto session = database_.acquire();
        Transaction transaction{*session};
        session->execute_script(kLockTimeout);
        tier_.make_partitions(*session, day);
        hold_leadership(*session, epoch);
        transaction.commit();
    }
    return pack_hosts(epoch, read_unhurried(database_, tier_.hosts_to_pack, day), day);
}

void SealJob::move(std::int64_t epoch, sys_days day) {
    auto proof = Proof::count;
    for (int attempt = 0; attempt < kMoveAttempts; ++attempt) {
        if (attempt > 0 && !pause(kBetweenAttempts)) return;
        const auto hosts = read_unhurried(database_, tier_.hosts_that_differ, day);
        if (!pack_hosts(epoch, hosts, day) || stopping_()) return;
        const auto session = database_.acquire();
        const auto move = tier_.move(*session, epoch, day, proof);
        if (move == Move::too_large) proof = Proof::marks;
        if (move == Move::gone) return;
        if (move == Move::locked) end_stalled_sessions(*session, options_.stalled_after);
        if (move != Move::moved) continue;
        ++outcome_.days;
        {
            const std::lock_guard lock{mutex_};
            ++progress_.days_moved;
        }
        kSealJobLog.info("Day packed", {{"day", text_of(day)}, {"of", tier_.what}});
        return;
    }
    ++outcome_.postponed;
    fail("A day could not move", text_of(day),
         "others use it, or hosts go on sending for it; next try in an hour");
}

void SealJob::add_late(std::int64_t epoch) {
    std::vector<std::pair<std::int32_t, sys_days>> late;
    {
        const auto session = database_.acquire();
        late = tier_.late_host_days(*session);
    }
    for (std::size_t i = 0; i < late.size(); ++i) {
        if (stopping_()) return;
        const auto& [host, day] = late[i];
        note(day, i, late.size());
        pack(epoch, host, day, Hot::late);
    }
}

void SealJob::fill_pending(std::int64_t epoch) {
    HostAndDay last{0, sys_days{}};
    for (;;) {
        std::vector<HostAndDay> pending;
        {
            const auto session = database_.acquire();
            pending = history_pending(*session, last);
        }
        if (pending.empty()) return;
        for (std::size_t i = 0; i < pending.size(); ++i) {
            if (stopping_()) return;
            last = pending[i];
            note(last.second, i, pending.size());
            work("A host's day got no history", last.second, [&] {
                const auto session = database_.acquire();
                Transaction transaction{*session};
                if (fill_history(*session, epoch, last)) transaction.commit();
            });
        }
    }
}

void SealJob::note(std::optional<sys_days> day, std::size_t done, std::size_t total) {
    const std::lock_guard lock{mutex_};
    progress_.day = day;
    progress_.hosts_done = done;
    progress_.hosts_total = total;
}

SealProgress SealJob::progress() const {
    const std::lock_guard lock{mutex_};
    return progress_;
}

SealOutcome SealJob::run(std::int64_t epoch) {
    outcome_ = {};
    {
        const std::lock_guard lock{mutex_};
        progress_.last_error.clear();
    }
    try {
        run_days(epoch);
    } catch (const std::exception& e) {
        note({}, 0, 0);
        const std::lock_guard lock{mutex_};
        progress_.last_error = e.what();
        throw;
    }
    note({}, 0, 0);
    return outcome_;
}

bool SealJob::waits_for_upgrade() {
    const auto older = older_aggregator(*database_.acquire());
    if (older.empty()) return false;
    {
        const std::lock_guard lock{mutex_};
        progress_.last_error = "days are packed once this aggregator is upgraded: " + older;
    }
    kSealJobLog.warning("No day is packed beside an older aggregator", {{"session", older}});
    return true;
}

void SealJob::run_days(std::int64_t epoch) {
    std::vector<sys_days> due;
    {
        const auto session = database_.acquire();
        due = tier_.due_days(*session, options_.after);
    }
    // A clock of PostgreSQL's that is ahead must not move the day that goes on.
    const auto now = std::chrono::system_clock::now();
    std::erase_if(due, [&](sys_days day) {
        return Timestamp{day + std::chrono::days{1}} + options_.after > now;
    });
    for (const auto day : due) {
        if (stopping_() || waits_for_upgrade()) return;
        note(day, 0, 0);
        guard("A day could not be packed", day, [&] {
            if (pack_day(epoch, day)) move(epoch, day);
        });
    }
    if (stopping_() || waits_for_upgrade()) return;
    add_late(epoch);
    if (tier_.has_history && !stopping_()) fill_pending(epoch);
}

}  // namespace chorus::store
