import Glibc
import Testing

@testable import Host

/// Names in the file system, and what becomes of them when something goes wrong.
@Suite struct FileSystemTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func replace(_ name: String, _ text: String, mode: UInt32 = 0o600) throws(HostError) {
        try FileSystem.replace(folder[name], with: text.utf8.span, mode: mode)
    }

    @Test(arguments: [0o600, 0o640, 0o444, 0o4711] as [UInt32]) func whatIsReplacedHasTheModeAndNothingElseIsLeft(
        _ mode: UInt32
    ) throws {
        try replace("a", "old")
        try replace("a", "new", mode: mode)
        #expect(try folder.text("a") == "new")
        #expect(try FileSystem.status(of: folder["a"])?.mode == mode)
        #expect(try folder.names() == ["a"])
    }

    @Test func whatCannotBeReplacedStands() throws {
        folder.sh("mkdir a && echo in > a/file")
        let error = #expect(throws: HostError.self) { try replace("a", "new") }
        #expect(error?.operation == "rename" && error?.code == EISDIR)
        #expect(try folder.text("a/file") == "in\n")
        #expect(throws: HostError.self) { try replace("nowhere/a", "new") }
        #expect(throws: HostError.self) { try replace(String(repeating: "n", count: 255), "new") }
        #expect(try folder.names() == ["a"], "no temporary file is left")
    }

    @Test func aLinkIsReplacedAndWhatItNamesIsNot() throws {
        try replace("a", "old")
        folder.sh("ln -s a link")
        try replace("link", "new")
        #expect(try folder.text("a") == "old" && folder.text("link") == "new")
        #expect(try FileSystem.status(of: folder["link"], followingLinks: false)?.kind == .regular)
    }

    @Test func whatIsCreatedNeverTakesAnothersPlace() throws {
        try FileSystem.create(folder["a"], with: "mine".utf8.span)
        #expect(try FileSystem.status(of: folder["a"])?.mode == 0o600)
        folder.sh("ln -s nowhere dangling; mkdir b")
        for name in ["a", "dangling", "b"] {
            let error = #expect(throws: HostError.self) {
                try FileSystem.create(folder[name], with: "theirs".utf8.span)
            }
            #expect(error?.code == fileExists, "\(name)")
        }
        #expect(throws: HostError.self) { try FileSystem.create(folder["nowhere/a"], with: "".utf8.span) }
        #expect(try folder.text("a") == "mine")
        #expect(try folder.names() == ["a", "b", "dangling"])
    }

    @Test func whatIsNotThereIsNil() throws {
        try replace("a", "")
        for path in ["nothing", "no/thing", "a/b"] {
            #expect(try FileSystem.status(of: folder[path]) == nil)
            #expect(try FileSystem.contents(of: folder[path], limit: 1) == nil)
        }
        try FileSystem.remove(folder["nothing"])
        folder.sh("ln -s loop loop")
        #expect(throws: HostError.self) { try FileSystem.status(of: folder["loop"]) }
        #expect(throws: HostError.self) { try FileSystem.contents(of: folder.path, limit: 1) }
        #expect(throws: HostError.self) { try FileSystem.remove(folder.path) }
        #expect(throws: HostError.self) { try FileSystem.rename(folder["nothing"], to: folder["b"]) }
    }

    @Test func attributesAreThoseOfTheFile() throws {
        try replace("a", "four", mode: 0o640)
        folder.sh("ln a b; ln -s a link; mkfifo pipe; touch -d @1767225600 a")
        let status = try #require(try FileSystem.status(of: folder["link"]))
        #expect(status.kind == .regular && status.size == 4 && status.links == 2 && status.mode == 0o640)
        #expect(status.owner == FileSystem.effectiveUser && status.modified == 1_767_225_600)
        #expect(try status == FileSystem.status(of: folder["b"]))
        let kinds = try [".", "link", "pipe"].map {
            try FileSystem.status(of: folder[$0], followingLinks: false)?.kind
        }
        #expect(kinds == [.folder, .link, .other])
        #expect(try FileSystem.linkTarget(of: folder["link"]) == "a")
        #expect(try FileSystem.realPath(of: folder["./link"]) == folder["a"])
    }

    @Test func pathsAreSeenFromAFolder() {
        for (path, base, expected) in [
            ("a", "/b", "/b/a"), ("./a", "/b", "/b/a"), ("/a", "/b", "/a"), ("a/c", "/", "/a/c"),
            ("../a", "/b", "/b/../a"),
            ("a", "b/", "b/a"), ("", "/b", "/b/"),
        ] { #expect(FileSystem.path(path, from: base) == expected) }
        for (path, expected) in [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b", "a"), ("/", "/"), ("/é/b", "/é")] {
            #expect(FileSystem.folder(of: path) == expected)
        }
        #expect(FileSystem.currentFolder.hasPrefix("/"))
        #expect(FileSystem.groupID(named: "no such group") == nil && FileSystem.groupID(named: "root") == 0)
    }

    @Test func temporaryNamesDifferAndStandBesideTheFile() {
        let names = (0..<100).map { _ in FileSystem.temporaryName(for: "/a/b") }
        #expect(Set(names).count == 100 && names.allSatisfy { $0.hasPrefix("/a/.b.") && $0.hasSuffix(".tmp") })
    }
}
