import LocalServer
import OAuth
import Tokens
import Transport

/// What comes back through a browser or is pasted, and the addresses of a config.
enum CallbackTarget {
    static func feed(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        for callback in [Callback(pasted: text), Callback(query: text)] {
            guard let error = callback?.error else { continue }
            _ = error.words(hiding: [callback?.code, callback?.state].compactMap(\.self))
        }
        if let fields = FormFields(decoding: input) {
            let again = FormFields(decoding: fields.encoded)
            precondition(again?.pairs.elementsEqual(fields.pairs, by: same) == true, "other fields were written")
            _ = fields.repeatsName
        }
        if RedirectURI(loopback: text) != nil { _ = RedirectURI.problem(with: text) }
        if let url = try? EndpointURL(text) {
            precondition(url.isLoopback || text.lowercased().hasPrefix("https://"), "plain http to another machine")
        }
    }

    private static func same(_ left: (name: String, value: String), _ right: (name: String, value: String)) -> Bool {
        left.name.utf8.elementsEqual(right.name.utf8) && left.value.utf8.elementsEqual(right.value.utf8)
    }
}
