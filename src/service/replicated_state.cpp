#include "service/replicated_state.hpp"

#include "base/codec.hpp"
#include "base/digest.hpp"
#include "membership/member_bytes.hpp"
#include "membership/membership.hpp"
#include "membership/reconfiguration.hpp"

#include <algorithm>
#include <istream>
#include <ostream>
#include <stdexcept>

namespace pmmc {

namespace {

constexpr std::uint64_t state_format = 5;

/// FNV-1a, 64 bits, by its authors' description; short inputs only.
std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 14695981039346656037ULL) {
  for (const char c : bytes)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
  return hash;
}

std::vector<member> members_in(byte_reader& in) {
  auto members = read_members(in);
  if (!members)
    throw std::runtime_error("a role id in the snapshot is too long");
  return std::move(*members);
}

void put_configurations(std::string& out, const config_history& configurations) {
  put_varint(out, configurations.all().size());
  for (const auto& [first_slot, c] : configurations.all()) {
    put_varint(out, c.version);
    put_varint(out, c.first_slot);
    put_members(out, c.acceptors);
    put_members(out, c.leaders);
    put_members(out, c.replicas);
    put_members(out, c.servers);
  }
  put_varint(out, configurations.former_members().size());
  for (const auto& [id, f] : configurations.former_members()) {
    put_bytes(out, id.view());
    put_varint(out, static_cast<std::uint64_t>(f.kind));
    put_bytes(out, f.address);
    put_bytes(out, f.disk);
    put_varint(out, f.removed_in);
  }
}

config_history read_configurations(byte_reader& in) {
  std::vector<configuration> configurations;
  for (auto count = in.varint(); in.ok() && count > 0; --count) {
    configuration c;
    c.version = in.varint();
    c.first_slot = in.varint();
    c.acceptors = members_in(in);
    c.leaders = members_in(in);
    c.replicas = members_in(in);
    c.servers = members_in(in);
    configurations.push_back(std::move(c));
  }
  std::vector<former_member> former;
  for (auto count = in.varint(); in.ok() && count > 0; --count) {
    const auto id = in.bytes();
    if (id.size() > role_id::max_size)
      throw std::runtime_error("a role id in the snapshot is too long");
    const auto kind = to_member_kind(in.varint());
    if (!kind)
      throw std::runtime_error("a former member in the snapshot is of no known kind");
    former_member f{*kind, role_id{id}, std::string{in.bytes()}, {}, 0};
    f.disk = in.bytes();
    f.removed_in = in.varint();
    former.push_back(std::move(f));
  }
  config_history history;
  if (!in.ok() || !history.assign(std::move(configurations), std::move(former)))
    throw std::runtime_error("the configurations in the snapshot do not follow each other");
  return history;
}

void put_digests(std::string& out, std::uint64_t decisions,
                 const std::deque<slot_digest>& digests) {
  put_varint(out, decisions);
  put_varint(out, digests.size());
  for (const auto& d : digests) {
    put_varint(out, d.slot);
    put_varint(out, d.decisions);
    put_varint(out, d.state);
  }
}

std::deque<slot_digest> read_digests(byte_reader& in) {
  std::deque<slot_digest> digests;
  const auto count = in.varint();
  if (count > replicated_state::kept_digests)
    throw std::runtime_error("the snapshot has more digests than are kept");
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    slot_digest d;
    d.slot = in.varint();
    d.decisions = in.varint();
    d.state = in.varint();
    digests.push_back(d);
  }
  return digests;
}

/// A length of 8 bytes, least significant first, then the bytes.
void write_block(std::ostream& out, std::string_view bytes) {
  auto size = static_cast<std::uint64_t>(bytes.size());
  for (int i = 0; i < 8; ++i, size >>= 8)
    out.put(static_cast<char>(size & 0xFF));
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// As long as it is said to be, or as the stream is: a bound of its own would have to be kept where
/// the block is written.
std::string read_block(std::istream& in) {
  std::uint64_t size = 0;
  for (int i = 0; i < 8; ++i)
    size |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(in.get())) << (8 * i);
  if (!in)
    throw std::runtime_error("the snapshot's header is damaged");
  std::string bytes;
  while (bytes.size() < size) { // in steps, so that a damaged size does not take all memory
    const auto before = bytes.size();
    bytes.resize(std::min<std::uint64_t>(size, before + (std::size_t{1} << 20)));
    if (!in.read(bytes.data() + before, static_cast<std::streamsize>(bytes.size() - before)))
      throw std::runtime_error("the snapshot ends in its header");
  }
  return bytes;
}

} // namespace

replicated_state::replicated_state(std::unique_ptr<state_machine> machine,
                                   config_history configurations, std::uint64_t window_slots,
                                   std::string protocol, session_limits sessions,
                                   engine_kind engine)
    : window_(window_slots), protocol_(std::move(protocol)), engine_(engine),
      machine_(std::move(machine)), sessions_(sessions),
      configurations_(std::move(configurations)) {}

cluster_facts replicated_state::facts() const {
  return {configurations_.first(), window_, std::string{to_string(engine_)}, protocol_,
          std::string{machine_->name()}};
}

/// The first `found` request in the log says what its cluster agrees on. Before anything of the
/// slot is performed, since whoever differs would perform it otherwise than the others.
bool replicated_state::is_refused_by(const std::vector<batch_entry>& entries) {
  for (const auto& entry : entries) {
    if (entry.kind != request_kind::found)
      continue;
    if (const auto claim = decode_found(entry.op)) {
      if (auto why = why_facts_differ(facts(), claim->facts, "in the log"); !why.empty())
        refusal_ = "it is not of the cluster with identity " + identity_text(claim->identity) +
                   ", whose log it was given: " + why;
      return !refusal_.empty();
    }
  }
  return false;
}

std::vector<response> replicated_state::perform(const command& decided,
                                                const std::optional<voting_servers>& change) {
  std::vector<response> responses;
  const auto entries = decode_batch(decided);
  if (entries && identity_ == 0 && is_refused_by(*entries))
    return responses;
  if (change)
    follow(*change);
  if (entries) {
    responses.reserve(entries->size());
    const auto run = [this](request_kind kind, std::string_view op) {
      return kind == request_kind::reconfigure ? reconfigure(op) : machine_->apply(op);
    };
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const auto& entry = (*entries)[i];
      if (entry.kind != request_kind::found)
        sessions_.apply(entry, slot_out_, i, run, responses);
      else
        found(entry.op);
    }
  }
  before_change_.reset();
  ++slot_out_;
  decisions_digest_ = digest_of(decisions_digest_, decided.bytes());
  if (slot_out_ % digest_slots == 0)
    note_digest();
  return responses;
}

void replicated_state::note_digest() {
  const auto before = digests_.empty() ? 0 : digests_.back().state;
  digests_.push_back({slot_out_, decisions_digest_, digest_of(before, machine_->fingerprint())});
  if (digests_.size() > kept_digests)
    digests_.pop_front();
}

/// The first identity in the log holds, and so does the first disk of each member. Later claims of
/// the same identity bring in the disks that were not known before.
void replicated_state::found(std::string_view op) {
  const auto claim = decode_found(op);
  if (!claim)
    return;
  if (identity_ == 0)
    identity_ = claim->identity;
  if (identity_ == claim->identity)
    configurations_.learn_disks(claim->disks);
}

/// The engine's servers vote from this slot on. Disks that the log has learnt since the change was
/// asked for are known here only.
void replicated_state::follow(const voting_servers& change) {
  if (change.version <= configurations_.latest().version)
    return;
  before_change_ = configurations_;
  configuration next;
  next.version = change.version;
  next.first_slot = slot_out_ + 1;
  next.servers = change.servers;
  const auto disks = configurations_.disks();
  for (auto& m : next.servers)
    if (const auto known = disks.find(m.id); m.disk.empty() && known != disks.end())
      m.disk = known->second;
  configurations_.add(std::move(next));
}

reconfiguration_outcome replicated_state::outcome_of(const reconfiguration& wanted) {
  switch (engine_) {
  case engine_kind::pmmc:
    return pmmc::reconfigure(wanted, slot_out_, window_, configurations_);
  case engine_kind::raft: {
    const auto* made = before_change_ ? &configurations_.latest() : nullptr;
    auto outcome =
        outcome_of_change(wanted, before_change_ ? *before_change_ : configurations_, made);
    if (outcome.status == reconfiguration_status::accepted)
      before_change_.reset(); // there is one request for it
    return outcome;
  }
  case engine_kind::simple:
    break;
  }
  return {reconfiguration_status::refused, 0, 0, std::string{fixed_servers_text}};
}

std::string replicated_state::reconfigure(std::string_view op) {
  const auto wanted = decode_reconfiguration(op);
  if (!wanted)
    return encode(reconfiguration_outcome{reconfiguration_status::refused, 0, 0,
                                          "the bytes are no reconfiguration"});
  return encode(outcome_of(*wanted));
}

std::uint64_t replicated_state::fingerprint() const {
  std::string rest;
  put_varint(rest, slot_out_);
  put_varint(rest, window_);
  put_varint(rest, identity_);
  put_digests(rest, decisions_digest_, digests_);
  put_bytes(rest, protocol_);
  put_bytes(rest, machine_->name());
  sessions_.write(rest);
  put_configurations(rest, configurations_);
  put_varint(rest, machine_->fingerprint());
  return fnv1a(rest);
}

std::unique_ptr<replicated_state> replicated_state::clone() const {
  auto copy = std::make_unique<replicated_state>(machine_->clone(), configurations_, window_,
                                                 protocol_, session_limits{}, engine_);
  copy->slot_out_ = slot_out_;
  copy->identity_ = identity_;
  copy->sessions_ = sessions_;
  copy->engine_part_ = engine_part_;
  copy->decisions_digest_ = decisions_digest_;
  copy->digests_ = digests_;
  return copy;
}

void replicated_state::write(std::ostream& out) const {
  std::string header;
  put_varint(header, state_format);
  put_varint(header, slot_out_);
  put_varint(header, identity_);
  put_facts(header, facts());
  put_varint(header, machine_->fingerprint());
  put_configurations(header, configurations_);
  put_digests(header, decisions_digest_, digests_);
  std::string sessions;
  sessions_.write(sessions);
  put_bytes(header, sessions);
  if (!engine_part_.empty())
    put_bytes(header, engine_part_);
  write_block(out, header);
  machine_->snapshot(out);
}

void replicated_state::read(std::istream& in) {
  const auto header = read_block(in);
  byte_reader fields{header};
  if (const auto format = fields.varint(); format != state_format)
    throw std::runtime_error("the snapshot is of format " + std::to_string(format) +
                             ", and this program reads format " + std::to_string(state_format) +
                             " only: use the version of the program that wrote it");
  const auto slot_out = fields.varint();
  const auto identity = fields.varint();
  const auto its_facts = read_facts(fields);
  const auto machine_fingerprint = fields.varint();
  auto configurations = read_configurations(fields);
  const auto decisions_digest = fields.varint();
  auto digests = read_digests(fields);
  if (const auto why = its_facts ? why_facts_differ(*its_facts, facts()) : "it names no facts";
      !why.empty())
    throw std::runtime_error("the snapshot is of another cluster: " + why);
  const bool has_sessions = sessions_.read(fields.bytes());
  std::string engine_part{fields.at_end() ? std::string_view{} : fields.bytes()};
  if (!has_sessions || !fields.ok() || configurations.empty() ||
      configurations.all().begin()->first > slot_out)
    throw std::runtime_error("the snapshot's header is damaged");
  machine_->restore(in);
  if (machine_->fingerprint() != machine_fingerprint)
    throw std::runtime_error("the restored state has another fingerprint than the one written");
  slot_out_ = slot_out;
  identity_ = identity;
  configurations_ = std::move(configurations);
  engine_part_ = std::move(engine_part);
  decisions_digest_ = decisions_digest;
  digests_ = std::move(digests);
}

std::unique_ptr<replicated_state> first_state(std::unique_ptr<state_machine> machine,
                                              const cluster_facts& facts) {
  return std::make_unique<replicated_state>(std::move(machine), config_history{facts.first},
                                            facts.window, facts.protocol, session_limits{},
                                            to_engine_kind(facts.engine).value_or(default_engine));
}

} // namespace pmmc
