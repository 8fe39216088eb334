import Exports
import Tokens

/// Which values go where, and why; never the values.
struct Explanation {
    /// What one output, or what is printed, gets.
    struct Destination {
        /// The output's path; nil for what is printed.
        let path: String?
        let format: ExportFormat
        /// The names or patterns of what goes there; nil for all.
        let patterns: [String]?
    }

    private struct Choice {
        let place: Destination
        /// Why nothing goes there.
        let refusal: ExportRefusal?
        let reasons: [(name: String, origin: String, reason: Selection.Reason)]
    }

    private var choices: [Choice] = []
    /// What goes nowhere.
    private var kept: [(name: String, origin: String, reason: Selection.Reason)] = []

    /// Explains what goes where; each format is tried with what is meant for it, as it would be written.
    init(_ places: [Destination], _ selection: Selection) {
        choices = places.map { place in
            let reasons = selection.reasons(matching: place.patterns)
            var refusal: ExportRefusal?
            do throws(ExportRefusal) {
                _ = try place.format.render(selection.values(matching: place.patterns).values)
            } catch {
                refusal = error
            }
            return Choice(place: place, refusal: refusal, reasons: reasons.filter { $0.reason.isChosen })
        }
        let leaving = Set(choices.flatMap { $0.reasons.map(\.name) })
        // Where a name stays behind everywhere, the first place that asked for it tells why.
        for value in selection.reasons(matching: []) where !leaving.contains(value.name) {
            let isGuarded = places.contains { place in
                selection.reasons(matching: place.patterns).contains { $0.name == value.name && $0.reason == .guarded }
            }
            kept.append((value.name, value.origin, isGuarded ? .guarded : .notCovered))
        }
    }

    /// What keeps a place from getting anything, as `export` says it.
    var problems: [Failure] {
        choices.compactMap { choice in
            choice.refusal.map { refusal in
                let place = choice.place.path.map { "\($0): " } ?? ""
                return Failure(.misconfigured, place + refusal.message, hint: refusal.hint)
            }
        }
    }

    /// A line a value, for a person.
    var text: String {
        let header = ["TO", "VALUE", "FROM", "WHY"]
        let rows = choices.flatMap { choice in
            choice.reasons.map { value in
                let why = choice.refusal == nil ? value.reason.words : "\(value.reason.words), but all of it is refused"
                return [choice.place.path ?? "standard output", value.name, value.origin, why]
            }
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
            choices.map { choice in
                var object = JSONObject()
                object.set("path", choice.place.path)
                object.set("format", choice.place.format.name)
                object.set("refused", choice.refusal?.message)
                object.set("values", objects(choice.reasons))
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
