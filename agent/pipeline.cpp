#include "agent/pipeline.h"

#include <functional>

namespace chorus::agent {
namespace {

constexpr std::chrono::milliseconds kRequestLimit{30'000};

}  // namespace

std::uint32_t random_seed() {
    return static_cast<std::uint32_t>(std::hash<Uuid>{}(Uuid::random()));
}

Pipeline::Pipeline(const AgentConfig& config, const Uuid& id, const std::string& state_dir)
    : cycle(config, id, Uuid::random(), clock, boot_clock),
      client(config.endpoint, config.token, kRequestLimit),
      dead_letter(state_dir, disk),
      epochs(state_dir.empty() ? std::string{} : state_dir + "/epochs"),
      note(delivery_note_path(state_dir)),
      delivery([this](std::string_view body) { return post(body); },
               [this, keep = !state_dir.empty()](const PackedBatch& batch) {
                   if (keep) dead_letter.keep(batch.time, batch.json_zstd);
               },
               clock, epochs, note, config.interval_seconds, Backoff(random_seed())) {}

std::variant<Answer, NoAnswer> Pipeline::post(std::string_view body) {
    const auto start = clock.steady();
    auto result = client.post(body);
    const std::chrono::duration<double> took = clock.steady() - start;
    const auto* answer = std::get_if<Answer>(&result);
    own.pushed(answer != nullptr ? answer->status : 0, took.count());
    return result;
}

}  // namespace chorus::agent
