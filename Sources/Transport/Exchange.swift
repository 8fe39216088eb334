import CCurl
import Glibc
import Sealing

/// Sends a request and blocks until its end.
func exchange(_ request: HTTPRequest) -> Result<Delivery, Libcurl.Missing> {
    if let name = request.headers.first(where: { !isValid(name: $0.name, value: $0.value) })?.name {
        // The name is ours or the config's; escaped, for it may be what is wrong.
        return .success(
            .notSent(
                reason: "the header \(name.debugDescription) cannot be sent",
                hint: "take line breaks and control characters out of it"))
    }
    do throws(Libcurl.Missing) { try Libcurl.open() } catch { return .failure(error) }

    var headerLines = lines(of: request.headers)
    defer { wipe(&headerLines) }
    var outcome = ccurl_outcome()
    // The answer is written where the caller gets it: no copy of it is left to wipe.
    let body = SecretBuffer(capacity: request.answerLimit) { answer in
        unsafe answer.withUnsafeMutableBufferPointer { answer, count in
            unsafe perform(request, headerLines, &outcome, into: answer)
            count = outcome.answer_length
        }
    }
    return .success(delivery(of: outcome, body: HTTPBody(body), limit: request.answerLimit))
}

private func perform(
    _ request: HTTPRequest, _ headerLines: [UInt8], _ outcome: inout ccurl_outcome,
    into answer: UnsafeMutableBufferPointer<UInt8>
) {
    var input = unsafe ccurl_request()
    unsafe input.is_loopback = request.url.isLoopback
    unsafe input.connect_timeout = milliseconds(request.connectTimeout)
    unsafe input.timeout = milliseconds(request.timeout)
    unsafe input.answer = answer.baseAddress
    unsafe input.answer_limit = answer.count
    var body = HTTPBody(SecretBuffer(Span()))
    if case .post(let bytes) = request.method {
        body = bytes
        unsafe input.is_post = true
    }
    unsafe request.url.text.withCString { url in
        unsafe headerLines.withUnsafeBytes { headers in
            body.withSpan { body in
                unsafe body.withUnsafeBufferPointer { body in
                    unsafe input.url = url
                    unsafe input.headers = headers.bindMemory(to: CChar.self).baseAddress
                    unsafe input.body = body.baseAddress
                    unsafe input.body_length = body.count
                    unsafe ccurl_perform(&input, &outcome)
                }
            }
        }
    }
}

private func delivery(of outcome: ccurl_outcome, body: HTTPBody, limit: Int) -> Delivery {
    let answer = HTTPAnswer(
        status: outcome.status,
        contentType: text(outcome.content_type),
        date: text(outcome.date),
        retryAfter: text(outcome.retry_after),
        body: body,
        isDelimited: outcome.is_delimited)
    let partial = outcome.status == 0 ? nil : answer
    let reason = sentence(text(outcome.reason) ?? "libcurl gives no reason")
    switch outcome.end {
    case .CCURL_ANSWERED:
        return .answered(answer)
    case .CCURL_NOT_CONNECTED:
        let hint = "check the network, the address, and https_proxy and no_proxy where they are set"
        return .notSent(reason: reason, hint: hint)
    case .CCURL_NOT_SECURED:
        let hint =
            "check the address, this machine's clock and its package ca-certificates; an authority of your own is named by CURL_CA_BUNDLE, else SSL_CERT_FILE"
        return .notSent(reason: reason, hint: hint)
    case .CCURL_BROKEN_OFF:
        return .unanswered(reason: reason, partial: partial)
    case .CCURL_TOO_LARGE:
        return .unanswered(reason: "the answer is over \(limit) bytes", partial: partial)
    }
}

/// A header's name is a token (RFC 9110, section 5.6.2), and its value has no control character but the tab.
private func isValid(name: String, value: String) -> Bool {
    let token = "!#$%&'*+-.^_`|~"
    return !name.isEmpty
        && name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
                || token.unicodeScalars.contains($0)
        }
        && value.utf8.allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
}

/// The lines that libcurl takes, each ended by NUL, and an empty one after the last. The room is taken beforehand, so
/// that no shorter copy stays behind unwiped.
private func lines(of headers: [(name: String, value: String)]) -> [UInt8] {
    var lines: [UInt8] = []
    lines.reserveCapacity(headers.reduce(1) { $0 + $1.name.utf8.count + $1.value.utf8.count + 3 })
    for (name, value) in headers {
        lines += name.utf8
        // libcurl takes a bare "Name:" for an order to leave the header out, and "Name;" for an empty one.
        let isBlank = value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        if isBlank { lines += ";".utf8 } else { lines += ": ".utf8; lines += value.utf8 }
        lines.append(0)
    }
    lines.append(0)
    return lines
}

private func wipe(_ bytes: inout [UInt8]) {
    unsafe bytes.withUnsafeMutableBytes { bytes in
        if let start = bytes.baseAddress { unsafe explicit_bzero(start, bytes.count) }
    }
}

/// Whole milliseconds, at least one: to libcurl zero is no limit at all.
private func milliseconds(_ duration: Duration) -> Int {
    Int(max(1, min(duration / .milliseconds(1), Double(Int32.max))).rounded(.up))
}

/// The text in an array of C characters, which Swift sees as a tuple.
private func text<Field>(_ field: Field) -> String? {
    unsafe withUnsafeBytes(of: field) { bytes in
        let text = unsafe bytes.prefix { $0 != 0 }
        return unsafe text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
}

/// libcurl's words in the manner of our messages: on one line, lower case but for an acronym, no full stop.
private func sentence(_ words: String) -> String {
    let line = words.split(whereSeparator: \.isNewline).joined(separator: " ")
    let isAcronym = line.dropFirst().first?.isUppercase ?? false
    let start = isAcronym ? String(line.prefix(1)) : line.prefix(1).lowercased()
    let sentence = start + line.dropFirst()
    return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
}
