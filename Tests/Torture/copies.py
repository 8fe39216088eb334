"""Old copies of a vault, as the pin knows them (FORMAT §4): refused with both pairs, unless a person goes on."""

import os
import time

import many
import vaultfile
from scene import NAMES, pair

READERS = [["get", "c"], ["list"], ["status"], ["export", "json"], ["run", "--", "true"]]
WRITERS = [["refresh"], ["refresh", "--force", "c"], ["set", "PROBE"], ["remove", "PROBE"]]


def numbers(vault):
    return f"(epoch {vaultfile.epoch(vault)}, generation {vaultfile.generation(vault)})"


def refused(scene, old, new, **more):
    """Every command says 79 with both pairs, and the copy stays as it is."""
    for command in READERS + WRITERS:
        words = scene.run(*command, status=79, text="probe", **more)
        assert numbers(old) in words and numbers(new) in words, f"{' '.join(command)}: {words}"
    assert scene.bytes() == old, "a copy that was refused was written"


def older(scene):
    scene.lay(scene.vault)
    for _ in range(3):
        scene.write()
    new = scene.bytes()
    scene.lay(scene.vault, keep_pins=True)
    refused(scene, scene.vault, new)
    assert scene.bench.ok("get", "--accept-older", "c").strip() == pair(scene.records()["c"])[0]
    assert scene.bytes() == scene.vault
    scene.write(79)  # reading alone moves no pin
    scene.write(0, "--accept-older")
    # Going on may be a write of its own, before the command's.
    past = vaultfile.generation(scene.bytes()) - vaultfile.generation(new)
    assert past in (1, 2), f"the first write took {past} more than the pin's generation"
    scene.write()
    return ["an older copy: 79 from every command, with both pairs; --accept-older goes on, past the pin"]


def newer_elsewhere(scene):
    scene.lay(scene.vault)
    scene.write()
    path = scene.bench.work + "/copy.vault"
    with open(path, "wb") as file:
        file.write(scene.vault)
    try:
        words = scene.run("list", "--vault", path, status=79)
        assert scene.path in words, f"the newer copy's path is not named: {words}"
    finally:
        os.remove(path)
    return ["the newer copy's path is named"]


def forked(scene):
    """Two machines wrote the same generation: the one that saw the first refuses the second.

    The pin keeps the header's MAC, which does not cover the payload: the sizes differ here, for the second may not.
    """
    scene.lay(scene.vault)
    scene.run("set", "PROBE", text="probe" * 2000)
    mine = scene.bytes()
    scene.lay(scene.vault)
    scene.write()
    theirs = scene.bytes()
    assert vaultfile.generation(mine) == vaultfile.generation(theirs) and mine != theirs
    scene.lay(mine, keep_pins=True)
    assert numbers(mine) in scene.run("list", status=79)
    scene.write(79)
    assert scene.bytes() == mine
    return ["two copies of one generation: 79"]


def rotated(scene):
    """The old key opens the old copy, whatever generation its holder gives it."""
    scene.lay(scene.vault)
    scene.bench.ok("--quiet", "key", "rotate")
    new = scene.bytes()
    scene.lay(scene.vault, keep_pins=True)
    for _ in range(5):
        vaultfile.change(scene.path, scene.key, lambda records: None)
    forged = scene.bytes()
    assert vaultfile.generation(forged) > vaultfile.generation(new)
    refused(scene, forged, new)
    return ["a higher generation under the key before: 79"]


def open_question(scene):
    """Members of a connection that was asked for long ago, without an answer, and whose access token has ended."""
    host = vaultfile.frames(scene.journal, scene.key)[0][1]["host"]
    return {"trouble": "uncertain", "expires_at": int(time.time()) - 60,
            "question": {"at": int(time.time()) - 600, "attempt": 1, "why": "no answer came", "host": host}}


def uncertain(scene):
    """No second try where the vault is old: what looks unanswered here may have been answered in the newer one."""
    scene.lay(scene.vault)

    vaultfile.change(scene.path, scene.key, lambda records: [
        records[name].update(open_question(scene)) for name in NAMES])
    old = scene.bytes()
    scene.write()
    new = scene.bytes()
    scene.lay(old, keep_pins=True)
    refused(scene, old, new)
    before = scene.server.count("refresh")
    for command in (["refresh", "--accept-older"], ["refresh", "--accept-older", "--force"],
                    ["get", "--accept-older", "c"], ["run", "--accept-older", "--", "true"]):
        scene.lay(old, keep_pins=True)
        scene.run(*command, status=12)
        asked = scene.server.count("refresh") - before
        scene.server.asked += asked
        assert not asked, f"{' '.join(command)} made {asked} second tries with an old copy"
    # The same vault where nothing newer was seen: there is a second try, so the pin it was that held it back.
    scene.lay(old)
    scene.bench.run("refresh", "c")
    tries = scene.server.count("refresh") - before
    assert tries == 1, f"{tries} second tries without a pin"
    scene.server.asked += 1
    return ["an uncertain connection in an old copy: no second try; without the pin there is one"]


def batches(scene):
    """Going on with an old copy takes more than one batch: the first commit makes no try of a later batch right."""
    names = [f"s/{number:03}" for number in range(300)] + ["s/z"]
    with many.Provider(names) as provider:
        bench, key = many.filled(
            scene.bench.binary, provider, names, lambda records: records["s/z"].update(open_question(scene)))
        try:
            path = bench.work + "/tokenkeep.vault"
            old = vaultfile.read(path)
            bench.ok("set", "PROBE", text="probe")
            with open(path, "wb") as file:
                file.write(old)
            ended = bench.run("refresh", "--force", "--accept-older")
            assert provider.requests == 300 and not provider.turns["s/z"], (
                f"a second try was made with an old copy, in a batch after the first; the status was {ended.returncode}")
            assert ended.returncode == 12, f"it ended with {ended.returncode}: {ended.stderr}"
        finally:
            bench.remove()
    return ["an uncertain connection in a later batch of a run with an old copy: no second try"]


def afterwards(scene):
    """What was written with --accept-older is the newest vault from then on, and still no more certain than it was."""
    scene.lay(scene.vault)
    vaultfile.change(scene.path, scene.key, lambda records: records["c"].update(open_question(scene)))
    old = scene.bytes()
    scene.write()
    scene.lay(old, keep_pins=True)
    scene.write(0, "--accept-older")
    before = scene.server.count("refresh")
    ended = scene.bench.run("refresh", "c")
    tries = scene.server.count("refresh") - before
    scene.server.asked += tries
    assert not tries, f"a run after the one with --accept-older made a second try; it ended with {ended.returncode}"
    return ["an uncertain connection after a run with --accept-older: no second try"]


CASES = [older, newer_elsewhere, forked, rotated, uncertain, batches, afterwards]
