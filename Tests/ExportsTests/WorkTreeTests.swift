import Exports
import Host
import Testing
import Tokens

/// Outputs in real git repositories.
@Suite(.enabled("git is not installed: nothing of it is tested") { await Place.has("git", "--version") })
struct WorkTreeTests {
    /// Lends a new repository.
    private static func withRepository(_ body: (Place) async throws -> Void) async throws {
        try await Place.with { place in
            try await place.run("git", "init", "-q")
            try await body(place)
        }
    }

    private static func isRefused(_ place: Place, _ name: String = "secrets.js") async throws -> Bool {
        do {
            _ = try await OutputTests.plan(place.path(name), "two")
            return false
        } catch OutputError.notIgnored(let path, let repository) {
            #expect(path == place.path(name))
            #expect(place.folder.hasPrefix(repository) || repository.hasPrefix(place.folder))
            return true
        }
    }

    @Test func aFileThatGitDoesNotIgnoreIsRefused() async throws {
        try await Self.withRepository { place in
            #expect(try await Self.isRefused(place))
            try await place.run("mkdir", "-p", "a/b")
            #expect(try await Self.isRefused(place, "a/b/secrets.js"))
            #expect(try await place.names() == [".git", "a"])
            try await OutputTests.plan(place.path("secrets.js"), allowTracked: true).write()
            #expect(try await Self.isRefused(place))
        }
    }

    @Test func anIgnoredFileIsWritten() async throws {
        try await Self.withRepository { place in
            try await place.run("mkdir", "-p", "a")
            try place.write(".gitignore", "secrets.js\n")
            #expect(try await !Self.isRefused(place))
            #expect(try await !Self.isRefused(place, "a/secrets.js"))
            try place.write("a/.gitignore", "!secrets.js\n")
            #expect(try await Self.isRefused(place, "a/secrets.js"))
        }
    }

    @Test func aTrackedFileIsRefusedAlthoughItIsIgnored() async throws {
        try await Self.withRepository { place in
            try await OutputTests.plan(place.path("secrets.js"), allowTracked: true).write()
            try await place.run("git", "add", "secrets.js")
            try place.write(".gitignore", "secrets.js\n")
            #expect(try await Self.isRefused(place))
        }
    }

    @Test func gitIsNotAskedAboutEqualBytes() async throws {
        try await Self.withRepository { place in
            try await OutputTests.plan(place.path("secrets.js"), allowTracked: true).write()
            #expect(try await !OutputTests.plan(place.path("secrets.js")).changed)
        }
    }

    @Test func aNameIsNotAPattern() async throws {
        try await Self.withRepository { place in
            try place.write(".gitignore", "s.js\n")
            for name in ["[s].js", "?.js", ":(top)s.js", "-s.js", "ü.js"] {
                #expect(try await Self.isRefused(place, name))
            }
            try place.write(".gitignore", "\\[s\\].js\n:(top)s.js\n-s.js\nü.js\n")
            for name in ["[s].js", ":(top)s.js", "-s.js", "ü.js"] {
                #expect(try await !Self.isRefused(place, name))
            }
        }
    }

    @Test func theRepositoryAroundTheFileIsAskedWhateverTheEnvironmentSays() async throws {
        try await Self.withRepository { place in
            try await place.run("git", "init", "-q", "other")
            try place.write("other/.gitignore", "secrets.js\n")
            #expect(try await !Self.isRefused(place, "other/secrets.js"))
            #expect(try await Self.isRefused(place))
            let environment = Place.environment.merging([
                "GIT_DIR": place.path("other/.git"), "GIT_WORK_TREE": place.path("other"),
                "GIT_CEILING_DIRECTORIES": place.folder,
            ]) { $1 }
            await #expect(throws: OutputError.self) {
                try await OutputTests.plan(place.path("secrets.js"), environment: environment)
            }
            _ = try await OutputTests.plan(place.path("other/secrets.js"), environment: environment)
        }
    }

    @Test func aLinkedWorkTreeIsAWorkTree() async throws {
        try await Self.withRepository { place in
            try await place.run(
                "git", "-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "--allow-empty", "-m", "m")
            try await place.run("git", "worktree", "add", "-q", "linked")
            #expect(try await Self.isRefused(place, "linked/secrets.js"))
            try place.write("linked/.gitignore", "secrets.js\n")
            #expect(try await !Self.isRefused(place, "linked/secrets.js"))
        }
    }

    @Test func whereALinkLeadsDecides() async throws {
        try await Place.with { place in
            try await place.run("git", "init", "-q", "repository")
            try await OutputTests.plan(place.path("repository/secrets.js"), allowTracked: true).write()
            try await place.run("ln", "-s", "repository/secrets.js", "secrets.js")
            #expect(try await Self.isRefused(place))
            try await place.run("sh", "-c", "mkdir repository/a; ln -s repository/a folder")
            #expect(try await Self.isRefusedAnywhere(place.path("folder/new.js")))
        }
    }

    private static func isRefusedAnywhere(_ path: String) async throws -> Bool {
        do {
            _ = try await OutputTests.plan(path)
            return false
        } catch OutputError.notIgnored {
            return true
        }
    }

    @Test func theUsersOwnIgnoreFileCounts() async throws {
        try await Self.withRepository { place in
            try await place.run("mkdir", "home")
            try place.write("home/.gitconfig", "[core]\nexcludesFile = ~/ignore\n")
            try place.write("home/ignore", "secrets.js\n")
            let environment = Place.environment.merging(["HOME": place.path("home")]) { $1 }
            #expect(try await OutputTests.plan(place.path("secrets.js"), environment: environment).changed)
        }
    }

    @Test func cronsEmptyEnvironmentFindsGit() async throws {
        try await Self.withRepository { place in
            try place.write(".gitignore", "secrets.js\n")
            #expect(try await OutputTests.plan(place.path("secrets.js"), environment: [:]).changed)
        }
    }

    @Test func whereGitDoesNotAnswerNothingIsWritten() async throws {
        try await Self.withRepository { place in
            try place.write(".gitignore", "secrets.js\n")
            await #expect {
                try await OutputTests.plan(place.path("secrets.js"), environment: ["PATH": place.folder])
            } throws: { error in
                guard case .gitUnclear(_, place.folder, let reason) = error as? OutputError else { return false }
                return reason == "there is no git on the PATH"
            }
            try place.write(".git/config", "[core\n")
            await #expect {
                try await OutputTests.plan(place.path("secrets.js"))
            } throws: { error in
                guard case .gitUnclear(_, _, let reason) = error as? OutputError else { return false }
                return reason.hasPrefix("fatal: bad config")
            }
            #expect(try place.text("secrets.js") == nil)
        }
    }

    @Test(.enabled(if: FileSystem.effectiveUser == 0, "only root can make a repository of another user"))
    func anotherUsersRepositoryIsNamedForSafeDirectory() async throws {
        try await Self.withRepository { place in
            try place.write(".gitignore", "secrets.js\n")
            try await place.run("chown", "-R", "65534", ".git", ".")
            do {
                _ = try await OutputTests.plan(
                    place.path("secrets.js"), environment: ["PATH": "/usr/bin:/bin", "HOME": place.folder])
                Issue.record("git answered")
            } catch let error as OutputError {
                #expect(error.message.contains("dubious ownership"))
                #expect(error.hint.contains("git config --global --add safe.directory \(place.folder)"))
            }
        }
    }
}
