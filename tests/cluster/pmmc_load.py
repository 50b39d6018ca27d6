"""A client that keeps writing while a test breaks things, and knows what must be there afterwards."""

import collections
import dataclasses
import random
import subprocess
import threading
import time

from pmmc_cluster import BINARY, PATIENCE_S, clean_environment, run_program, spawn, wait_until

LISTS = 4  # keys that are appended to, per load


@dataclasses.dataclass
class Write:
    """An operation in the order of sending. `result` is its line, once that has come."""

    kind: str  # "append" or "incr"
    key: str
    token: str
    result: str = None
    sent_s: float = 0.0  # by time.monotonic, as is done_s
    done_s: float = 0.0

    @property
    def acknowledged(self):
        return self.result is not None and self.result.isdigit()

    @property
    def maybe_executed(self):
        """Also true of what has no result yet."""
        return self.result is None or self.acknowledged or self.result.startswith("unknown")


class Load:
    """One `pmmc exec` that appends unique tokens to lists and increments a counter, so that a lost
    write and a doubled one both show. Start it in the main thread."""

    def __init__(self, cluster, name, timeout_s=30, config=None, per_second=400):
        self.cluster = cluster
        self.name = name
        self.writes = []
        self._pause_s = 1 / per_second
        self._stop = threading.Event()
        self.stderr = cluster.directory / f"load-{name}.err"
        with open(self.stderr, "wb") as err:
            self.child = spawn([BINARY, "exec", "--config", config or cluster.config,
                                "--timeout", str(timeout_s)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
                               env=clean_environment())
        self._threads = [threading.Thread(target=self._feed), threading.Thread(target=self._collect)]
        for thread in self._threads:
            thread.start()

    def _feed(self):
        number = 0
        try:
            while not self._stop.wait(self._pause_s):
                number += 1
                self._write(number)
        except BrokenPipeError:
            pass  # it gave up; its results say why
        finally:
            try:
                self.child.stdin.close()
            except BrokenPipeError:
                pass

    def _write(self, number):
        if number % 8 == 0:
            write = Write("incr", f"{self.name}.counter", "")
            line = f"incr {write.key}\n"
        else:
            write = Write("append", f"{self.name}.list{number % LISTS}", f"{self.name}-{number};")
            line = f"append {write.key} {write.token}\n"
        write.sent_s = time.monotonic()
        self.writes.append(write)  # before it is sent: the result may come at once
        self.child.stdin.write(line.encode())
        self.child.stdin.flush()

    def _collect(self):
        for number, line in enumerate(self.child.stdout):
            self.writes[number].done_s = time.monotonic()
            self.writes[number].result = line.decode().rstrip("\n")

    @property
    def acknowledged(self):
        return sum(w.acknowledged for w in self.writes)

    def await_progress(self, count=20):
        """Waits until `count` more writes than now were acknowledged."""
        goal = self.acknowledged + count

        def reached():
            if self.child.poll() is not None and self.acknowledged < goal:
                raise AssertionError(f"load {self.name} gave up: {self.trouble()}")
            return self.acknowledged >= goal

        wait_until(f"{count} more writes by load {self.name}", reached)

    def longest_wait_s(self):
        """Of any write that has its result. Results come in the order of sending, so a line may wait
        for an earlier one, but the longest wait is that of a request."""
        return max((w.done_s - w.sent_s for w in self.writes if w.result is not None), default=0.0)

    def trouble(self):
        """What a user would see of the load's failure."""
        strange = [w.result for w in self.writes if w.result is not None and not w.acknowledged]
        return f"exit {self.child.poll()}; {strange[:3]}; {self.stderr.read_text('utf-8')[-1500:]}"

    def stop(self):
        """No more writes; waits for the results of those under way. Returns the exit code."""
        self._stop.set()
        try:
            return self.child.wait(2 * PATIENCE_S)
        finally:
            self.kill()

    def kill(self):
        """Ends the client at once, with writes under way."""
        self._stop.set()
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for thread in self._threads:
            thread.join()
        self.child.stdout.close()

    def finish(self):
        """Stops, and demands that every single write was acknowledged."""
        code = self.stop()
        if code != 0 or self.acknowledged != len(self.writes):
            raise AssertionError(f"load {self.name}: {self.acknowledged} of {len(self.writes)} writes "
                                 f"acknowledged: {self.trouble()}")

    # --- what must be in the store --------------------------------------------------------------

    def check(self):
        """Nothing acknowledged is lost, nothing is doubled, and every answer was right."""
        keys = [f"{self.name}.list{i}" for i in range(LISTS)]
        counter, *lists = self.cluster.get_all([f"{self.name}.counter", *keys])
        self._check_counter(counter)
        for key, value in zip(keys, lists):
            self._check_list(key, value or "")

    def _check_counter(self, value):
        incrs = [w for w in self.writes if w.kind == "incr"]
        least = sum(w.acknowledged for w in incrs)
        most = sum(w.maybe_executed for w in incrs)
        if not least <= int(value or 0) <= most:
            raise AssertionError(f"{self.name}.counter is {value}; {least} increments were "
                                 f"acknowledged and {most} may have been executed")
        _check_ascending(incrs)

    def _check_list(self, key, value):
        appends = [w for w in self.writes if w.kind == "append" and w.key == key]
        stored = [t + ";" for t in value.split(";")[:-1]]
        doubled = [t for t, n in collections.Counter(stored).items() if n > 1]
        lost = {w.token for w in appends if w.acknowledged} - set(stored)
        strange = set(stored) - {w.token for w in appends if w.maybe_executed}
        if doubled or lost or strange:
            raise AssertionError(f"{key}: doubled {doubled[:5]}, lost {sorted(lost)[:5]}, not "
                                 f"executed but there {sorted(strange)[:5]}")
        order = {w.token: i for i, w in enumerate(appends)}
        if stored != sorted(stored, key=order.get):
            raise AssertionError(f"{key} has its tokens in another order than they were sent")
        _check_ascending(appends)


def _check_ascending(writes):
    """One client's lengths and numbers only grow: an answer out of order is somebody else's."""
    answers = [int(w.result) for w in writes if w.acknowledged]
    if answers != sorted(set(answers)):
        raise AssertionError(f"answers of {writes[0].key} are not ascending")


# --- histories ----------------------------------------------------------------------------------


class RecordedClient:
    """One `pmmc exec --history` that does one random operation after the other on few keys, shared
    with other clients. Start it in the main thread."""

    def __init__(self, cluster, name, keys, seed, timeout_s=30):
        self.name = name
        self.history = cluster.directory / f"history-{name}.jsonl"
        self.done = 0
        self.trouble = None  # a result that says that the operation failed
        self._keys = keys
        self._random = random.Random(seed)
        self._read = {key: "none" for key in keys}  # for a cas that may succeed
        self._stop = threading.Event()
        self.stderr = cluster.directory / f"history-{name}.err"
        with open(self.stderr, "wb") as err:
            self.child = spawn([BINARY, "exec", "--config", cluster.config, "--history", self.history,
                                "--timeout", str(timeout_s)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
                               env=clean_environment())
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self):
        number = 0
        try:
            while not self._stop.is_set():
                number += 1
                key, line = self._operation(f"{self.name}.{number};")
                self.child.stdin.write(line.encode())
                self.child.stdin.flush()
                result = self.child.stdout.readline().decode().rstrip("\n")
                if result.startswith(("unknown", "not executed", "refused", "malformed")):
                    self.trouble = result
                if not result or self.trouble:
                    break
                if line.startswith("get "):
                    self._read[key] = result
                self.done += 1
        except BrokenPipeError:
            pass  # killed
        finally:
            try:
                self.child.stdin.close()
            except BrokenPipeError:
                pass

    def _operation(self, token):
        key = self._random.choice(self._keys)
        if key.startswith("counter"):
            return key, self._random.choice([f"incr {key}\n", f"incr {key} 7\n", f"get {key}\n"])
        return key, self._random.choice([
            f"put {key} {token}\n", f"append {key} {token}\n", f"append {key} {token}\n",
            f"cas {key} {self._read[key]} {token}\n", f"del {key}\n",
            f"get {key}\n", f"get {key}\n", f"get {key}\n"])

    def await_progress(self, count=20):
        """Waits until `count` more operations than now have their results."""
        goal = self.done + count

        def reached():
            if self.done < goal and not self._thread.is_alive():
                raise AssertionError(f"client {self.name} gave up: {self.trouble}; "
                                     f"{self.stderr.read_text('utf-8')[-1500:]}")
            return self.done >= goal

        wait_until(f"{count} more operations by client {self.name}", reached)

    def finish(self):
        """No more operations; waits for the last result, and demands that none failed."""
        self._stop.set()
        try:
            code = self.child.wait(2 * PATIENCE_S)
        finally:
            self.kill()
        if code != 0 or self.trouble:
            raise AssertionError(f"client {self.name}: exit {code}, {self.trouble}")

    def kill(self):
        """kill -9, whatever is under way."""
        self._stop.set()
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self._thread.join()
        self.child.stdout.close()


def check_histories(files):
    """`pmmc check` of one history that lies in several files."""
    words = [word for file in files for word in ("--history", file)]
    return run_program("check", *words)
