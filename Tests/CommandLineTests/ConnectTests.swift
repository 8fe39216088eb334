import Host
import Sandbox
import Testing

/// The ways to authorise, and what is refused.
struct ConnectTests {
    private static let url = "tokenkeep -q connect tiktok --print-url"

    @Test func theCodeIsTakenFromTheAddressTheQueryOrAlone() async throws {
        for way in ["--callback -", "--callback - (query)", "--callback URL", "--code"] {
            let tiktok = try await TikTokBench(connected: false)
            let back = try await tiktok.bench.ok("u=$(\(Self.url)); curl -s -o /dev/null -w '%{redirect_url}' \"$u\"")
            let query = back.drop { $0 != "?" }.dropFirst()
            let code = query.dropFirst("code=".count).prefix { $0 != "&" }
            let script =
                switch way {
                case "--callback -": "echo '\(back)' | tokenkeep connect tiktok --callback -"
                case "--callback - (query)": "echo '\(query)' | tokenkeep connect tiktok --callback -"
                case "--callback URL": "tokenkeep connect tiktok --callback '\(back)'"
                default: "tokenkeep connect tiktok --code '\(code)'"
                }
            let ended = await tiktok.bench.sh(script)
            #expect(ended.status == 0 && ended.errors.contains("tiktok is connected"), "\(way): \(ended.errors)")
            #expect(!ended.words.contains(code))
        }
    }

    @Test(arguments: [
        (
            "echo 'http://127.0.0.1:3000/?code=x&state=AAAA' | tokenkeep connect tiktok --callback -", Int32(10),
            "state is another one"
        ),
        ("echo 'http://127.0.0.1:3000/?code=x' | tokenkeep connect tiktok --callback -", 10, "state is missing"),
        ("echo 'code=x&code=y&state=AAAA' | tokenkeep connect tiktok --callback -", 64, "not the address"),
        ("echo 'http://127.0.0.1:3000/' | tokenkeep connect tiktok --callback -", 64, "not the address"),
        ("tokenkeep connect tiktok --code WRONG", 10, "invalid_grant"),
        ("tokenkeep connect tiktok --code a --callback b", 64, "exclude"),
    ])
    func aCallbackThatIsNotTheAnswerIsRefused(script: String, status: Int32, words: String) async throws {
        let tiktok = try await TikTokBench(connected: false)
        try await tiktok.bench.ok(Self.url)
        let ended = await tiktok.bench.sh(script)
        #expect(
            ended.status == status && ended.errors.contains(words) && ended.errors.contains("hint: "), "\(ended.errors)"
        )
        #expect(await tiktok.bench.sh("tokenkeep get tiktok").status == 10)
    }

    @Test func aCallbackWorksOnceAndNotWithoutAPendingAuthorisation() async throws {
        let tiktok = try await TikTokBench(connected: false)
        let none = await tiktok.bench.sh("echo 'code=x&state=y' | tokenkeep connect tiktok --callback -")
        #expect(none.status == 10 && none.errors.contains("no authorisation is pending"))
        let twice = await tiktok.bench.sh(
            """
            u=$(\(Self.url)); b=$(curl -s -o /dev/null -w '%{redirect_url}' "$u")
            echo "$b" | tokenkeep -q connect tiktok --callback - && echo "$b" | tokenkeep connect tiktok --callback -
            """)
        #expect(twice.status == 10 && twice.errors.contains("no authorisation is pending"), "\(twice.errors)")
        #expect(await tiktok.bench.sh("tokenkeep get tiktok").status == 0, "the first one's tokens stay")
    }

    @Test func aRefusalIsShownInTheProvidersWords() async throws {
        let tiktok = try await TikTokBench(connected: false)
        let denied = await tiktok.bench.sh(
            """
            u=$(\(Self.url)); s=${u##*state=}; s=${s%%&*}
            echo "http://127.0.0.1:3000/?error=access_denied&error_description=No+thanks&log_id=L1&state=$s" | tokenkeep connect tiktok --callback -
            """)
        #expect(
            denied.status == 10 && denied.errors.contains("access_denied (No thanks), log id L1"), "\(denied.errors)")
    }

    @Test func theBrowserIsWaitedForAtTheRedirectURIItself() async throws {
        let tiktok = try await TikTokBench(connected: false)
        // A free port, registered at the sandbox by the way it is told: so a sandbox of its own.
        let bench = tiktok.bench
        let ended = await bench.sh(
            """
            port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
            tokenkeep sandbox --port 0 --manners tiktok --approve --redirect-uri http://127.0.0.1:$port/cb/ > line & sandbox=$!
            mkfifo url
            while ! [ -s line ]; do :; done
            base=$(sed 's/.*base_url":"\\([^"]*\\).*/\\1/' line)
            sed -i "s#http://127.0.0.1:3000/auth/tiktok/callback/#http://127.0.0.1:$port/cb/#; s#^base_url = .*#base_url = \\"$base\\"#" tokenkeep.toml
            tokenkeep connect tiktok > url 2> said & connect=$!
            read address < url
            curl -s -o /dev/null -w '%{http_code} ' http://127.0.0.1:$port/favicon.ico
            curl -s -o /dev/null -w '%{http_code} ' "http://127.0.0.1:$port/cb/?code=x&state=AAAA"
            curl -s -o /dev/null -w '%{http_code} ' "http://127.0.0.1:$port/cb/?error=access_denied"
            curl -s -o /dev/null -w '%{http_code} ' -H 'Host: evil.example' "http://127.0.0.1:$port/cb/"
            curl -sL "$address" > page
            wait $connect; status=$?
            kill $sandbox
            cat said; exit $status
            """)
        #expect(ended.status == 0, "\(ended.words)")
        #expect(
            ended.output.contains("404 400 400 400") && ended.output.contains("was turned away")
                && ended.output.contains("tiktok is connected"))
        let page = bench.text("page")
        #expect(page.contains("tiktok is connected") && page.contains("close this tab"))
        #expect(
            !page.contains("http://") && !page.contains("https://") && !page.contains("src="),
            "it loads nothing from elsewhere")
    }

    @Test func aPortThatIsTakenOrARedirectElsewhereIsSaidBeforeAnything() async throws {
        let tiktok = try await TikTokBench(connected: false)
        let taken = await tiktok.bench.sh(
            """
            sed -i 's#http://127.0.0.1:3000/auth#\(tiktok.sandbox.baseURL)/auth#' tokenkeep.toml; tokenkeep connect tiktok
            """)
        #expect(taken.status == 78 && taken.errors.contains("--print-url"), "\(taken.errors)")
        let elsewhere = await tiktok.bench.sh(
            "sed -i 's#^redirect_uri = .*#redirect_uri = \"https://example.com/cb\"#' tokenkeep.toml; tokenkeep connect tiktok"
        )
        #expect(elsewhere.status == 78 && elsewhere.errors.contains("--print-url"), "\(elsewhere.errors)")
    }

    @Test(arguments: [
        ("", "has no redirect_uri"), ("redirect_uri = \"http://example.com/cb\"", "plain http"),
        ("redirect_uri = \"http://127.0.0.1:99999/cb\"", "cannot be used"),
        ("redirect_uri = \"ftp://127.0.0.1/cb\"", "cannot be used"),
    ])
    func aRedirectURIThatCannotWorkIsSaidBeforeAnybodyIsSentThere(line: String, words: String) async throws {
        let tiktok = try await TikTokBench(connected: false)
        try await tiktok.bench.ok("sed -i 's#^redirect_uri = .*#\(line)#' tokenkeep.toml")
        for way in ["", "--print-url"] {
            let ended = await tiktok.bench.sh("tokenkeep connect tiktok \(way)")
            #expect(ended.status == 78 && ended.errors.contains(words) && ended.output.isEmpty, "\(ended.words)")
        }
        let option = await tiktok.bench.sh("tokenkeep connect other --provider sandbox --redirect-uri ftp://x/")
        #expect(option.status == 64 && option.errors.contains("ftp://x/"), "\(option.errors)")
    }

    @Test func aCodeAloneIsNotTakenWhereTwoAreWaitedFor() async throws {
        let tiktok = try await TikTokBench()
        let bench = tiktok.bench
        try bench.append(
            """
            [connections."tiktok/b"]
            provider = "sandbox-tiktok"
            client_id = "sandbox-client"
            redirect_uri = "http://127.0.0.1:3000/auth/tiktok/callback/"
            scopes = ["user.info.basic"]
            variables = { base_url = "\(tiktok.sandbox.baseURL)" }

            """, to: "tokenkeep.toml")
        let refused = await bench.sh(
            """
            u=$(tokenkeep -q connect tiktok/b --print-url); tokenkeep -q connect tiktok --print-url > url
            curl -s -o /dev/null -w '%{redirect_url}' "$u" > back
            tokenkeep connect tiktok --code "$(sed 's/.*code=//; s/&.*//' back)"
            """)
        #expect(refused.status == 64 && refused.errors.contains("tiktok/b"), "\(refused.words)")
        try await bench.ok("tokenkeep connect tiktok/b --callback - < back")
    }

    @Test func anAuthorisationIsNotTradedAtAnotherProviderThanItWasBegunAt() async throws {
        let tiktok = try await TikTokBench(connected: false)
        let bench = tiktok.bench
        let refused = await bench.sh(
            """
            u=$(tokenkeep -q connect tiktok --print-url); curl -s -o /dev/null -w '%{redirect_url}' "$u" > back
            sed -i 's/"sandbox-tiktok"/"sandbox"/' tokenkeep.toml; tokenkeep connect tiktok --callback - < back
            """)
        #expect(refused.status == 78 && refused.errors.contains("was begun at sandbox-tiktok"), "\(refused.words)")
        try await bench.ok(
            "sed -i 's/\"sandbox\"/\"sandbox-tiktok\"/' tokenkeep.toml; tokenkeep connect tiktok --callback - < back")
    }

    @Test func scopesThatWereNotGrantedAreNamed() async throws {
        let tiktok = try await TikTokBench(connected: false)
        let ended = await tiktok.bench.sh(
            """
            u=$(\(Self.url)); u=$(printf %s "$u" | sed 's/%2Cvideo.upload//')
            curl -s -o /dev/null -w '%{redirect_url}' "$u" | tokenkeep connect tiktok --callback -
            """)
        #expect(ended.status == 0 && ended.errors.contains("not granted: video.upload"), "\(ended.errors)")
    }

    @Test(arguments: ["--print-url", "--refresh-token"])
    func aSecretIsNotReplacedByAConnectionOfItsName(way: String) async throws {
        let tiktok = try await TikTokBench(connected: false)
        let bench = tiktok.bench
        try await bench.ok(
            "printf CANARY | tokenkeep set sandbox; tokenkeep sandbox --print-config >> tokenkeep.toml; printf s | tokenkeep set SANDBOX_CLIENT_SECRET"
        )
        let ended = await bench.sh("echo rft.x | tokenkeep connect sandbox \(way)")
        #expect(
            ended.status == 64 && ended.errors.contains("sandbox is a secret") && ended.output.isEmpty, "\(ended.words)"
        )
        #expect(try await bench.ok("tokenkeep get sandbox") == "CANARY\n")
        #expect(await bench.sh("tokenkeep refresh sandbox").errors.contains("is a secret"))
        #expect(await bench.sh("tokenkeep connect sandbox --callback code=a").errors.contains("is a secret"))
        #expect(await bench.sh("tokenkeep get sandbox --field scopes").status == 64)
        #expect(await bench.sh("tokenkeep refresh TIKTOK_CLIENT_SECRET").errors.contains("is a secret"))
    }

    @Test func anEmptyCodeCostsNothing() async throws {
        let tiktok = try await TikTokBench(connected: false)
        let ended = await tiktok.bench.sh(
            """
            u=$(\(Self.url)); tokenkeep connect tiktok --code ' '; tokenkeep connect tiktok --code %20; tokenkeep connect tiktok --code ''; s=$?
            curl -s -o /dev/null -w '%{redirect_url}' "$u" | tokenkeep connect tiktok --callback - && exit $s
            """)
        #expect(ended.status == 64 && ended.errors.contains("the code is empty"), "\(ended.errors)")
    }

    @Test(arguments: [
        ("server_error", Int32(11), "authorise again later"), ("invalid_scope", 78, "with the app at the provider"),
        ("access_denied", 10, "and agree"),
    ])
    func whoseTroubleARefusalIsDecidesWhatIsSaid(code: String, status: Int32, words: String) async throws {
        let tiktok = try await TikTokBench(connected: false)
        let ended = await tiktok.bench.sh(
            """
            u=$(\(Self.url)); s=${u##*state=}; s=${s%%&*}
            echo "error=\(code)&state=$s" | tokenkeep connect tiktok --callback -
            """)
        #expect(ended.status == status && ended.errors.contains(words), "\(ended.errors)")
    }

    @Test func theSectionThatIsOfferedCanBePasted() async throws {
        let bench = try await Bench()
        let pasted = await bench.sh(
            """
            tokenkeep connect sandbox-tiktok 2>&1 | sed '1,/^hint/d' >> tokenkeep.toml
            sed -i 's/YOUR base_url/http:\\/\\/127.0.0.1:9/; s/YOUR SCOPES/user.info.basic/' tokenkeep.toml
            printf s | tokenkeep set SANDBOX_TIKTOK_CLIENT_SECRET; tokenkeep connect sandbox-tiktok --print-url
            """)
        #expect(pasted.status == 0 && pasted.output.contains("scope=user.info.basic"), "\(pasted.words)")
    }
}
