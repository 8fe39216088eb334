import Config
import Exports
import Tokens

/// Which values go where, and why; never the values.
struct Explanation {
    /// What one output, or what is printed, gets.
    private struct Destination {
        /// The output's path; nil for what is printed.
        let path: String?
        let format: String
        let reasons: [(name: String, origin: String, reason: Selection.Reason)]
    }

    private var destinations: [Destination] = []
    /// What goes nowhere.
    private var kept: [(name: String, origin: String, reason: Selection.Reason)] = []

    /// Explains the outputs of a config.
    init(_ outputs: [OutputConfig], _ selection: Selection) {
        self.init(outputs.map { ($0.path, $0.format, $0.include) }, selection)
    }

    /// Explains what would be printed.
    init(printed format: String, only patterns: [String]?, _ selection: Selection) {
        self.init([(nil, format, patterns)], selection)
    }

    private init(_ places: [(path: String?, format: String, patterns: [String]?)], _ selection: Selection) {
        destinations = places.map { place in
            let reasons = selection.reasons(matching: place.patterns)
            return Destination(path: place.path, format: place.format, reasons: reasons.filter { $0.reason.isChosen })
        }
        let leaving = Set(destinations.flatMap { $0.reasons.map(\.name) })
        // Where a name stays behind everywhere, the first place that asked for it tells why.
        for value in selection.reasons(matching: []) where !leaving.contains(value.name) {
            let isGuarded = places.contains { place in
                selection.reasons(matching: place.patterns).contains { $0.name == value.name && $0.reason == .guarded }
            }
            kept.append((value.name, value.origin, isGuarded ? .guarded : .notCovered))
        }
    }

    /// A line a value, for a person.
    var text: String {
        let header = ["TO", "VALUE", "FROM", "WHY"]
        let rows = destinations.flatMap { place in
            place.reasons.map { [place.path ?? "standard output", $0.name, $0.origin, $0.reason.words] }
        }
        return Table.text([header] + rows + kept.map { ["nowhere", $0.name, $0.origin, $0.reason.words] })
    }

    /// The same for a program.
    var object: JSONObject {
        func objects(_ reasons: [(name: String, origin: String, reason: Selection.Reason)]) -> [JSONObject] {
            reasons.map { value in
                var object = JSONObject()
                object.set("name", value.name)
                object.set("from", value.origin)
                object.set("why", value.reason.words)
                return object
            }
        }
        var answer = JSONObject()
        answer.set(
            "outputs",
            destinations.map { place in
                var object = JSONObject()
                object.set("path", place.path)
                object.set("format", place.format)
                object.set("values", objects(place.reasons))
                return object
            })
        answer.set("kept", objects(kept))
        return answer
    }
}

extension Selection.Reason {
    /// Why, in words.
    fileprivate var words: String {
        switch self {
        case .unnarrowed: "nothing narrows the choice"
        case .named: "it is named in full"
        case .pattern(let pattern): "\(pattern) covers it"
        case .guarded: "a refresh token or client secret leaves only when it is named in full"
        case .notCovered: "no name or pattern covers it"
        }
    }
}
