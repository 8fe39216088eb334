"""Answers that were rescued in a state folder: found in every one of them, applied once, gone after the commit."""

import vaultfile
from scene import NAMES, pair

STATE = "~/.local/state/tokenkeep"
CLOCKS = [("in the second in which the old token came", 0), ("after the clock was set back", 3600)]


def one(scene, content, vault=None, place=STATE, **more):
    """A rescued journal, whatever it holds. What cannot be used stays, under a name that is not looked at again."""
    vault = vault or scene.vault
    word, objects, is_torn = vaultfile.verdict(content, vault, scene.key)
    # A file is known by its name: what is altered in it changes nothing of that.
    path = scene.folders()[place][0] + "/" + vaultfile.rescue_name(scene.journal)
    scene.lay(vault, None, {path: content})
    status = {"older": 79, "unsupported": 65}.get(word, 0)
    words = scene.write(status, **more)
    if status:
        assert scene.bytes() == vault and vaultfile.read(path) == content, "something was written in spite of a refusal"
        return word
    assert vaultfile.read(path) is None, "the rescued journal is still there"
    aside = scene.unread()
    is_kept = word == "damaged" or is_torn
    assert aside == ({path + ".unread": content} if is_kept else {}), f"put aside: {sorted(aside)}"
    assert all(kept in words for kept in aside), "what was put aside was not named"
    scene.expect(vault, news(scene, vault, objects) if word == "committed" else objects)
    return f"{word}, put aside" if is_kept else word


def news(scene, vault, objects):
    """Of a journal that the vault has gone past: what was asked with tokens that are still the stored ones, and of what was
    not answered, what no later attempt has settled."""
    stored = vaultfile.records(vault, scene.key)

    def is_news(ask):
        record = stored[ask["name"]]
        if ask["fp"] != vaultfile.fingerprint(scene.key, record["refresh_token"]):
            return False
        return ask["reply"] or "question" not in record and record.get("last", {"at": 0})["at"] <= ask["at"]

    good = {ask["name"] for ask in vaultfile.asked(objects) if is_news(ask)}
    numbers = {number for number, frame in objects.items() if frame["t"] == "ask" and frame["name"] in good}
    return {number: frame for number, frame in objects.items() if frame.get("ask", number) in numbers}


def everywhere(scene):
    """In each folder, in all at once, and as the rest of a journal that was cut short beside the vault."""
    frames = [frame for _, frame in vaultfile.frames(scene.journal, scene.key)]
    for place, (_, variables) in scene.folders().items():
        assert one(scene, scene.journal, place=place, environment=variables) == "current", place
        assert vaultfile.generation(scene.bytes()) == vaultfile.generation(scene.vault) + 2, "more than two commits"
        before = scene.bytes()
        scene.write(environment=variables)
        scene.expect(before, [])
    variables = {name: value for _, more in scene.folders().values() for name, value in more.items()}
    all_of_them = scene.rescue(scene.journal, *scene.folders())
    first = vaultfile.frames(scene.journal, scene.key)[0][0]
    for cut in (None, first, first + 40):
        scene.lay(scene.vault, scene.journal[:cut] if cut else None, all_of_them)
        scene.write(environment=variables)
        scene.expect(scene.vault, frames)
        left = [path for path in all_of_them if vaultfile.read(path) is not None] + list(scene.unread())
        assert not left, f"cut at {cut}: left are {left}"
    # Two rescues of one vault, and a third that waits beside it.
    found = {**scene.rescue(scene.for_c, STATE), **scene.rescue(scene.for_d, "beside the config")}
    scene.lay(scene.vault, scene.journal, found)
    scene.write()
    for content in (scene.journal, scene.for_c, scene.for_d):
        for ask in vaultfile.asked([frame for _, frame in vaultfile.frames(content, scene.key)]):
            assert pair(scene.records()[ask["name"]]) == pair(vaultfile.answer(ask["reply"])), f"{ask['name']} is lost"
    return [f"rescued in {', '.join(scene.folders())}; in all at once; as the rest of a cut one; three different ones: "
            "applied once, removed after the commit"]


def overtaken(scene):
    """The folder was out of reach, and the vault went on: what it has not renewed since is taken, and nothing else."""
    lines = []
    scene.lay(scene.vault)
    for _ in range(3):
        scene.write()
    went_on = scene.bytes()
    assert one(scene, scene.journal, went_on) == "committed"
    assert pair(scene.records()["e"]) != pair(vaultfile.records(went_on, scene.key)["e"]), "the answer was not taken"
    lines.append("the vault went on without it: taken")
    # Renewed since: e's answer is spent already, and f's is as good as before.
    scene.lay(scene.vault)
    vaultfile.change(scene.path, scene.key, lambda records: records["e"].update(
        access_token="newer-access-token", refresh_token="newer-refresh-token",
        obtained_at=records["e"]["obtained_at"] + 7200))
    assert one(scene, scene.journal, scene.bytes()) == "committed"
    assert pair(scene.records()["e"]) == ("newer-access-token", "newer-refresh-token")
    lines.append("renewed since: nothing newer is overwritten")
    return ["rescued, " + "; ".join(lines)]


def clocks(scene):
    """Whether an answer is news is decided by the fingerprint that was asked with: a clock may have been set back."""
    at = min(frame["at"] for _, frame in vaultfile.frames(scene.journal, scene.key) if frame["t"] == "got")
    for words, seconds in CLOCKS:
        scene.lay(scene.vault)
        scene.write()
        vaultfile.change(scene.path, scene.key, lambda records: [
            records[name].update(obtained_at=at + seconds) for name in NAMES])
        try:
            one(scene, scene.journal, scene.bytes())
        except AssertionError as error:
            raise AssertionError(f"rescued, overtaken, answered {words}: {error}") from error
    return [f"rescued, overtaken, answered {' or '.join(words for words, _ in CLOCKS)}: taken"]


def later(scene):
    """Of a later generation: 79, and with --accept-older it stays where it is."""
    content = scene.journal[:32] + (vaultfile.generation(scene.vault) + 5).to_bytes(8, "big") + scene.journal[40:]
    assert one(scene, content) == "older"
    path, = scene.rescue(content, STATE)
    scene.write(0, "--accept-older")
    assert vaultfile.read(path) == content, "a later vault's answers are gone"
    scene.expect(scene.vault, [])
    return ["rescued, of a later generation: 79; with --accept-older it stays"]


CASES = [everywhere, overtaken, clocks, later]
