/// Whose turn it is: no more requests at once than the width, and no more of them to one host than that one's share.
struct Lanes {
    private let hosts: [String]
    private let width: Int
    private let perHost: Int
    private var waiting: [Int]
    private var underWay: [String: Int] = [:]

    /// Requests to these hosts, in this order.
    init(_ hosts: [String], width: Int, perHost: Int) {
        self.hosts = hosts
        self.width = max(1, width)
        self.perHost = max(1, perHost)
        waiting = Array(hosts.indices.reversed())
    }

    /// The next request that there is room for; nil when there is none.
    mutating func next() -> Int? {
        guard underWay.values.reduce(0, +) < width,
            let place = waiting.lastIndex(where: { underWay[hosts[$0], default: 0] < perHost })
        else { return nil }
        let index = waiting.remove(at: place)
        underWay[hosts[index], default: 0] += 1
        return index
    }

    /// Makes room: a request has ended.
    mutating func end(_ index: Int) { underWay[hosts[index], default: 1] -= 1 }
}
