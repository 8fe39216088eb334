import Tokens

/// A file whose lines are somebody's own, but for those between two marker lines, which are ours.
///
/// What is not ours keeps every byte: line ends of either kind, a byte order mark, a last line without an end. Where such a
/// line stands before ours it is given an end, and the marker says so: without our lines the file is what it was.
struct MergedFile {
    /// The line that ours begin with, instead of a generated file's first one.
    ///
    /// Node 20 takes a comment that is not at the start of its line, or any line without `=`, together with all that
    /// follows up to the next `=`. If that is somebody's last line before ours, the marker's own `=` ends it.
    static let begin = "# >>> begin=tokenkeep; generated, do not edit or commit"
    /// What follows in it when the end of the line before it is ours, too.
    static let addedEnd = "; the line above had no end"
    /// The line that ours end with.
    static let end = "# <<< end=tokenkeep"

    /// Whether it holds our lines, or the markers for them.
    let hasBlock: Bool
    private let before: Secret
    private let addsEnd: Bool
    private let after: Secret
    private let firstLine: String

    /// Takes a file apart.
    ///
    /// - Parameters:
    ///   - names: The names that ours will define; nobody else's line may have one, but behind `$` or in a comment.
    init(_ bytes: Secret, _ format: ExportFormat, _ names: Set<String>) throws(MergeProblem) {
        guard let rules = format.merging else { throw .format(format.name) }
        guard !bytes.hasNUL else { throw .binary }
        let block = try bytes.withSpan { bytes throws(MergeProblem) in try Block(in: bytes) }
        firstLine = (format.firstLine ?? "") + "\n"
        hasBlock = block != nil
        // It cannot be told which of its lines somebody has added.
        if block == nil, bytes.isGenerated { throw .generated }
        let start = block?.start ?? bytes.count
        (before, after) = bytes.withSpan { bytes in
            (
                Secret(bytes.extracting(0..<start)),
                Secret(bytes.extracting((block?.end ?? bytes.count)..<bytes.count))
            )
        }
        addsEnd =
            block?.addsEnd
            ?? before.withSpan { $0.count > 0 && $0[$0.count - 1] != UInt8(ascii: "\n") }
        var lines = OwnLines(rules, names.union(rules.reserved))
        try before.withSpan { bytes throws(MergeProblem) in try lines.check(bytes, isBeforeOurs: true) }
        lines.number = block?.lineAfter ?? 0
        try after.withSpan { bytes throws(MergeProblem) in try lines.check(bytes, isBeforeOurs: false) }
    }

    /// The file's bytes with what a format has rendered between the markers.
    func with(_ rendered: Secret) throws(MergeProblem) -> Secret {
        let lines = rendered.withSpan { Secret($0.extracting(firstLine.utf8.count..<$0.count)) }
        let begin = (addsEnd ? "\n" : "") + Self.begin + (addsEnd ? Self.addedEnd : "") + "\n"
        let all = Secret(joining: [before, Secret(begin), lines, Secret(Self.end + "\n"), after])
        // The next run has to find the same lines: a value of several may hold one that looks like a marker.
        let found = try? all.withSpan { bytes throws(MergeProblem) in try Block(in: bytes) }
        guard let found, found.start == before.count, found.end == all.count - after.count else { throw .markerInValue }
        return all
    }
}

/// Where our lines stand in a file.
private struct Block {
    /// The first byte that is ours.
    let start: Int
    /// The first byte behind the last that is ours.
    let end: Int
    let addsEnd: Bool
    /// The number of the line behind ours, from 1.
    let lineAfter: Int

    /// nil where there is none.
    init?(in bytes: Span<UInt8>) throws(MergeProblem) {
        let (begin, ending) = (Array(MergedFile.begin.utf8), Array(MergedFile.end.utf8))
        let added = begin + Array(MergedFile.addedEnd.utf8)
        var first: (line: Int, start: Int, addsEnd: Bool)?
        var last: (line: Int, end: Int)?
        var (start, number) = (0, 1)
        while start < bytes.count {
            let next = bytes.lineEnd(from: start)
            // Behind the marker's own words an editor may have left blanks, or a carriage return.
            if bytes.holds(begin, at: start) {
                if let first { throw .twoBegins(first.line, number) }
                first = (number, start, start > 0 && bytes.holds(added, at: start))
            } else if bytes.holds(ending, at: start), bytes.isBlank(start + ending.count, next) {
                guard first != nil, last == nil else { throw .endOnly(number) }
                last = (number, next)
            }
            (start, number) = (next, number + 1)
        }
        guard let first else { return nil }
        guard let last else { throw .beginOnly(first.line) }
        self.start = first.start - (first.addsEnd ? 1 : 0)
        (end, addsEnd, lineAfter) = (last.end, first.addsEnd, last.line + 1)
    }
}

/// The lines that are not ours: they must not define our names, nor reach into our lines.
///
/// What defines a name differs from reader to reader (`'NAME'=x`, `export A=1 NAME=x`, a bare `NAME`, a definition behind a
/// lone carriage return): so one of our names must not stand there at all, but for a use of it behind `$`.
private struct OwnLines {
    let rules: ExportFormat.Merging
    let names: [(text: String, bytes: [UInt8])]
    /// The number of the first line that is looked at.
    var number = 1

    init(_ rules: ExportFormat.Merging, _ names: Set<String>) {
        self.rules = rules
        self.names = names.sorted().map { ($0, Array($0.utf8)) }
    }

    func check(_ bytes: Span<UInt8>, isBeforeOurs: Bool) throws(MergeProblem) {
        try checkNames(bytes)
        try checkEnds(bytes, isBeforeOurs: isBeforeOurs)
    }

    private func checkNames(_ bytes: Span<UInt8>) throws(MergeProblem) {
        // A line that the one before goes on in is no comment, whatever it begins with.
        var (index, number, continues) = (bytes.markEnd(number), number, false)
        while index < bytes.count {
            let end = bytes.anyLineEnd(from: index)
            let start = bytes.skipBlanks(from: index, to: end)
            let isComment = !continues && start < end && rules.comments.utf8.contains(bytes[start])
            if !isComment {
                for place in start..<end {
                    for name in names where bytes.holdsWord(name.bytes, at: place) { throw .defined(name.text, number) }
                }
                if rules.hasEscapedNames, !continues, bytes.hasBackslashInKey(from: start, to: end) {
                    throw .escapedName(number)
                }
            }
            continues = rules.hasContinuations && !isComment && bytes.endsInBackslash(to: end)
            if end < bytes.count, bytes[end] == UInt8(ascii: "\n") { number += 1 }
            index = end + 1
        }
    }

    private func checkEnds(_ bytes: Span<UInt8>, isBeforeOurs: Bool) throws(MergeProblem) {
        var (start, number) = (bytes.markEnd(number), number)
        while start < bytes.count {
            var next = bytes.lineEnd(from: start)
            let first = bytes.skipBlanks(from: start, to: next)
            let isComment = first < next && rules.comments.utf8.contains(bytes[first])
            if rules.hasQuotes, !isComment {
                let value = bytes.value(from: start, to: next)
                // A value in quotes may go on for lines.
                if let value, value < next, bytes.isQuote(value) {
                    let close = bytes.position(of: bytes[value], from: value + 1)
                    // Behind a backslash some readers take it for the end, and some do not.
                    guard let close, !isBeforeOurs || bytes[close - 1] != UInt8(ascii: "\\") else {
                        if isBeforeOurs { throw .openQuote(number) }
                        return
                    }
                    for index in start..<close where bytes[index] == UInt8(ascii: "\n") { number += 1 }
                    next = bytes.lineEnd(from: close)
                    if isBeforeOurs, bytes.opensQuote(from: close + 1, to: next) { throw .openQuote(number) }
                } else if isBeforeOurs, value == nil, bytes.opensQuote(from: first, to: next) {
                    throw .openQuote(number)
                }
            }
            if isBeforeOurs, next == bytes.count, rules.hasContinuations, bytes.endsInBackslash(to: next) {
                throw .continuation(number)
            }
            (start, number) = (next, number + 1)
        }
    }
}

extension Span<UInt8> {
    /// The index behind the line feed that ends the line at `start`, or the end.
    fileprivate func lineEnd(from start: Int) -> Int {
        position(of: UInt8(ascii: "\n"), from: start).map { $0 + 1 } ?? count
    }

    fileprivate func position(of byte: UInt8, from start: Int) -> Int? {
        var index = start
        while index < count, self[index] != byte { index += 1 }
        return index < count ? index : nil
    }

    /// The index behind a byte order mark, where the bytes begin with the file's first line.
    fileprivate func markEnd(_ firstLine: Int) -> Int {
        firstLine == 1 && holds([0xEF, 0xBB, 0xBF], at: 0) ? 3 : 0
    }

    fileprivate func holds(_ text: [UInt8], at start: Int) -> Bool {
        count - start >= text.count && text.indices.allSatisfy { self[start + $0] == text[$0] }
    }

    fileprivate func isBlank(_ start: Int, _ end: Int) -> Bool {
        (start..<end).allSatisfy { " \t\r\n".utf8.contains(self[$0]) }
    }

    /// Whether the line, its end aside, ends in a backslash that stands for itself.
    fileprivate func endsInBackslash(to end: Int) -> Bool {
        var end = end
        while end > 0, "\r\n".utf8.contains(self[end - 1]) { end -= 1 }
        var start = end
        while start > 0, self[start - 1] == UInt8(ascii: "\\") { start -= 1 }
        return (end - start) % 2 == 1
    }

    fileprivate func isQuote(_ index: Int) -> Bool { "'\"`".utf8.contains(self[index]) }

    /// Whether a quote stands there, not behind `#`, that some reader could take for the beginning of a value.
    fileprivate func opensQuote(from start: Int, to end: Int) -> Bool {
        for index in start..<end {
            if self[index] == UInt8(ascii: "#") { return false }
            if isQuote(index) { return true }
        }
        return false
    }

    fileprivate func skipBlanks(from start: Int, to end: Int) -> Int {
        var index = start
        while index < end, self[index] == UInt8(ascii: " ") || self[index] == UInt8(ascii: "\t") { index += 1 }
        return index
    }

    /// The index of the next byte that ends a line, or a comment, for any reader: a line feed, vertical tab, form feed,
    /// carriage return, or the last byte of U+2028 or U+2029.
    fileprivate func anyLineEnd(from start: Int) -> Int {
        var index = start
        while index < count {
            if (0x0A...0x0D).contains(self[index]) { return index }
            if index >= start + 2, self[index] == 0xA8 || self[index] == 0xA9, self[index - 1] == 0x80,
                self[index - 2] == 0xE2
            {
                return index
            }
            index += 1
        }
        return index
    }

    /// Whether a name stands there as a whole word, and not behind `$` or `${`.
    fileprivate func holdsWord(_ name: [UInt8], at start: Int) -> Bool {
        guard holds(name, at: start) else { return false }
        let end = start + name.count
        if end < count, self[end].isWordPart { return false }
        guard start > 0 else { return true }
        let isUse =
            self[start - 1] == UInt8(ascii: "$")
            || start > 1 && self[start - 1] == UInt8(ascii: "{") && self[start - 2] == UInt8(ascii: "$")
        return !self[start - 1].isWordPart && !isUse
    }

    /// Whether a backslash stands before what ends a line's name.
    fileprivate func hasBackslashInKey(from start: Int, to end: Int) -> Bool {
        for index in start..<end {
            if self[index] == UInt8(ascii: "\\") { return true }
            if "=: \t".utf8.contains(self[index]) { return false }
        }
        return false
    }

    /// Where the value begins of a line that is `NAME=`, `export NAME =` or `NAME:`.
    fileprivate func value(from start: Int, to end: Int) -> Int? {
        var index = skipBlanks(from: start, to: end)
        let export = Array("export".utf8)
        let behind = skipBlanks(from: index + export.count, to: end)
        if holds(export, at: index), behind > index + export.count { index = behind }
        let name = index
        while index < end, self[index].isNamePart { index += 1 }
        let separator = skipBlanks(from: index, to: end)
        guard index > name, separator < end, "=:".utf8.contains(self[separator]) else { return nil }
        return skipBlanks(from: separator + 1, to: end)
    }
}

extension UInt8 {
    fileprivate var isWordPart: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    fileprivate var isNamePart: Bool { isWordPart || ".-".utf8.contains(self) }
}
