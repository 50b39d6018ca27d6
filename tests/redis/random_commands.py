"""Random command sequences for the comparison with Redis, and what may differ.

Both servers answer all of these. What is left out, because pmmc differs on purpose, is listed in
docs/CLIENTS.md, "Differences from Redis".
"""

KEYS = [f"k{i}" for i in range(12)] + ["", "with blank", "{tag}", "k[1]", "\\", "K1"]
FUTURE_S = 4_000_000_000  # a moment in the year 2096
VALUES = ["", "0", "1", "-1", "10", "01", "+1", " 1", "1.5", "9223372036854775807",
          "-9223372036854775808", "9223372036854775808", "word", "a\r\nb", b"\x00\xff\r\n", "x" * 300]
INTEGERS = ["0", "1", "-1", "5", "-7", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "x", "", "1.0", "007"]
PATTERNS = ["*", "k*", "k?", "k[0-4]", "k[^0-4]", "k\\[1\\]", "[kK]1", "*1*", "", "x", "k[", "k[1", "\\",
            "*[ ]*", "k[4-0]", "k[\\]0]", "?", "??*"]


class Generator:
    def __init__(self, random):
        self.random = random
        self.commands = [
            (6, self.get), (8, self.set), (2, self.setnx), (2, self.getset), (2, self.getdel),
            (3, self.mget), (3, self.mset), (2, self.msetnx), (3, self.delete), (2, self.exists),
            (3, self.append), (2, self.strlen), (6, self.count), (3, self.expire), (3, self.ttl),
            (2, self.persist), (1, self.setex), (1, self.type), (1, self.dbsize), (2, self.keys),
            (1, self.small), (1, self.wrong), (0.1, self.flush),
        ]
        self.weights = [w for w, _ in self.commands]

    def pick(self, choices):
        return self.random.choice(choices)

    def key(self):
        return self.pick(KEYS[:12]) if self.random.random() < 0.9 else self.pick(
            [k for k in KEYS if k])

    def value(self):
        return self.pick(VALUES)

    def cased(self, word):
        return self.pick([word, word.upper(), word.capitalize()])

    def command(self):
        make = self.random.choices(self.commands, self.weights)[0][1]
        words = make()
        return [self.cased(words[0]), *words[1:]]

    def keys_some(self):
        return [self.key() for _ in range(self.random.randint(1, 4))]

    def get(self):
        return ["get", self.key()]

    def set(self):
        options = []
        for option in ("nx", "xx", "get"):
            if self.random.random() < 0.15:
                options.append([self.cased(option)])
        if self.random.random() < 0.3:
            options.append([self.cased(self.pick(["ex", "px"])),
                            self.pick(["100000", "99999", "0", "-1", "x", "9223372036854775807"])])
        elif self.random.random() < 0.1:
            options.append(self.pick([["exat", str(FUTURE_S)], ["pxat", f"{FUTURE_S}000"],
                                      ["exat", "-5"], ["ex"], ["bad"]]))
        self.random.shuffle(options)
        return ["set", self.key(), self.value(), *(w for o in options for w in o)]

    def setnx(self):
        return ["setnx", self.key(), self.value()]

    def getset(self):
        return ["getset", self.key(), self.value()]

    def getdel(self):
        return ["getdel", self.key()]

    def mget(self):
        return ["mget", *self.keys_some()]

    def mset(self):
        words = [w for k in self.keys_some() for w in (k, self.value())]
        return ["mset", *words, *(["odd"] if self.random.random() < 0.05 else [])]

    def msetnx(self):
        return ["msetnx", *(w for k in self.keys_some()[:2] for w in (k, self.value()))]

    def delete(self):
        return [self.pick(["del", "unlink"]), *self.keys_some()]

    def exists(self):
        return ["exists", *self.keys_some()]

    def append(self):
        return ["append", self.key(), self.value()]

    def strlen(self):
        return ["strlen", self.key()]

    def count(self):
        name = self.pick(["incr", "decr", "incrby", "decrby"])
        return [name, self.key(), *([self.pick(INTEGERS)] if name.endswith("by") else [])]

    def expire(self):
        name = self.pick(["expire", "pexpire", "expireat", "pexpireat"])
        if name.endswith("at"):
            times = [str(FUTURE_S), "1", "-1", "x"]
            if name == "pexpireat":
                times[0] += "000"
        else:
            times = ["100000", "90000", "-1", "0", "x", "9223372036854775807", "-9223372036854775808"]
        options = [self.cased(self.pick(["nx", "xx", "gt", "lt", "bad"]))
                   for _ in range(self.pick([0, 0, 0, 1, 1, 2]))]
        return [name, self.key(), self.pick(times), *options]

    def ttl(self):
        return [self.pick(["ttl", "pttl", "expiretime", "pexpiretime"]), self.key()]

    def persist(self):
        return ["persist", self.key()]

    def setex(self):
        name = self.pick(["setex", "psetex"])
        return [name, self.key(), self.pick(["100000", "0", "-1", "x"]), self.value()]

    def type(self):
        return ["type", self.key()]

    def dbsize(self):
        return ["dbsize"]

    def keys(self):
        some = "".join(self.random.choices("k01[]^-\\*?", k=self.random.randint(1, 8)))
        return ["keys", self.pick([some, self.pick(PATTERNS)])]

    def small(self):
        return self.pick([["ping"], ["ping", "hello"], ["echo", "x"], ["select", "0"], ["select", "1"],
                          ["select", "x"], ["client", "getname"], ["auth", "x"],
                          ["auth", "default", "x"], ["auth", "other", "x"], ["unwatch"],
                          ["client", "setname", "a"], ["client", "setname", "a b"], ["discard"],
                          ["exec"]])

    def wrong(self):
        return self.pick([["get"], ["get", "a", "b"], ["set", "a"], ["mget"], ["nonsense", "a", "b" * 200],
                          ["nonsense"], ["incr"], ["client", "nonsense"], ["echo"], ["expire", "k1"],
                          ["dbsize", "x"], ["ping", "a", "b"], ["config", "nonsense"], ["flushall", "x"],
                          ["psetex", "a", "b"], ["watch"], ["multi", "x"], ["scan", "x"],
                          ["scan", "0", "count", "0"], ["scan", "0", "count", "x"],
                          ["scan", "0", "nonsense"], ["keys"], ["type"]])

    def flush(self):
        return [self.pick(["flushall", "flushdb"]), *self.pick([[], ["async"], ["sync"]])]

    # --- transactions ---------------------------------------------------------------------------

    def transaction(self):
        """A list of commands for one connection; some are broken on purpose."""
        body = [self.command() for _ in range(self.random.randint(0, 6))]
        if self.random.random() < 0.1:
            body.insert(0, self.pick([["multi"], ["watch", "k1"]]))
        end = self.pick([["exec"], ["exec"], ["exec"], ["exec"], ["discard"]])
        return [["multi"], *body, end]


def comparable(command, reply):
    """The reply without what may differ: the order of KEYS, and a little time."""
    name = str(command[0]).lower()
    if name == "keys" and isinstance(reply, list):
        return sorted(reply)
    if name in ("ttl", "pttl", "expiretime", "pexpiretime") and isinstance(reply, int) and reply > 0:
        unit = 1000 if name.startswith("p") else 1
        return ("about", reply // unit)
    return reply


def agree(command, ours, theirs):
    ours, theirs = comparable(command, ours), comparable(command, theirs)
    if isinstance(ours, tuple) and isinstance(theirs, tuple):
        return abs(ours[1] - theirs[1]) <= 10  # seconds; the loaded machine's, not the program's
    return type(ours) is type(theirs) and ours == theirs
