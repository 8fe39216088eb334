import Host
import Sealing
import Tokens

/// The newest version of a vault that was seen on this machine (FORMAT §4): what tells an old copy from the vault.
struct Pin {
    let epoch: UInt32
    let generation: UInt64
    /// The highest key epoch that was ever seen: going on with an old copy moves the pin back, and no epoch may come twice.
    var highestEpoch: UInt32
    /// The header's authentication code and the payload's salt, which tell two versions of one generation apart.
    let mac, salt: [UInt8]
    /// Where that version was.
    let path: String

    /// Describes a version by its whole file.
    init(_ header: VaultHeader, file: [UInt8], path: String) {
        (epoch, generation, self.path) = (header.epoch, header.generation, path)
        highestEpoch = header.epoch
        mac = Array(file[..<header.size].suffix(VaultHeader.macSize))
        salt = Array(file[header.size..<header.size + Self.saltSize])
    }

    static let saltSize = 32

    /// Whether a version comes before this one. Epoch first: who holds a removed key can forge any generation under the
    /// old epoch.
    func isNewer(than other: Pin) -> Bool {
        (other.epoch, other.generation) < (epoch, generation) || isFork(of: other, { $0.mac })
    }

    /// Whether another version has this one's generation, and is not this one.
    func isFork(of other: Pin, _ part: (Pin) -> [UInt8]) -> Bool {
        (other.epoch, other.generation) == (epoch, generation)
            && !equalInConstantTime(part(other).span, part(self).span)
    }
}

extension VaultFile {
    private func pinPath(_ vaultID: [UInt8], in folder: String) -> String {
        FileSystem.path(hexadecimal(vaultID.span) + ".pin", from: folder)
    }

    /// The highest key epoch that any of the user's folders tells of; 0 where there is none.
    func highestEpoch(of vaultID: [UInt8]) -> UInt32 { pins(of: vaultID).map(\.highestEpoch).max() ?? 0 }

    /// The highest pin in any of the user's folders; one that cannot be read is none.
    func pin(of vaultID: [UInt8]) -> Pin? {
        pins(of: vaultID).max { ($0.epoch, $0.generation) < ($1.epoch, $1.generation) }
    }

    private func pins(of vaultID: [UInt8]) -> [Pin] {
        state.own.compactMap { folder in
            guard FileSystem.isPrivate(folder: folder),
                let bytes = try? FileSystem.contents(of: pinPath(vaultID, in: folder), limit: 65536)
            else { return nil }
            return Pin(bytes)
        }
    }

    /// Opens the file's bytes, and tells whether they are older than what was seen here, or another version of the same
    /// generation, where that is accepted.
    ///
    /// The pin is looked at when the header is known to be the writer's, and again when the payload is: its salt alone tells
    /// two versions apart that were written within one second.
    func open(_ bytes: [UInt8], with secret: UnlockSecret) throws(VaultError) -> (vault: OpenVault, isOlder: Bool) {
        var (pin, isOlder): (Pin?, Bool) = (nil, false)
        func refuse(_ found: Pin, _ vaultID: [UInt8]) throws(VaultError) {
            guard let pin, !acceptsOlder else { return isOlder = true }
            throw .older(
                vault: (found.epoch, found.generation), seen: (pin.epoch, pin.generation), newerAt: newer(pin, vaultID))
        }
        let vault = try OpenVault(bytes, with: secret, profile: profile) { header throws(VaultError) in
            pin = self.pin(of: header.vaultID)
            let found = Pin(header, file: bytes, path: path)
            if pin?.isNewer(than: found) == true { try refuse(found, header.vaultID) }
        }
        let found = Pin(vault.header, file: bytes, path: path)
        if !isOlder, pin?.isFork(of: found, { $0.salt }) == true { try refuse(found, vault.header.vaultID) }
        return (vault, isOlder)
    }

    /// Whether an old copy of this version would be noticed here: it is noted, or the vault is none that is written here.
    package func isNoted(_ header: VaultHeader) -> Bool {
        guard let pin = pin(of: header.vaultID) else {
            return !state.own.contains { (try? FileSystem.status(of: pinPath(header.vaultID, in: $0))) ?? nil != nil }
        }
        return pin.path != path || (pin.epoch, pin.generation) >= (header.epoch, header.generation)
    }

    /// Where the newer version is, if it still is where it was seen.
    private func newer(_ pin: Pin, _ vaultID: [UInt8]) -> String? {
        guard pin.path != path, let other = try? VaultFile(path: pin.path), let found = try? other.readHeader(),
            found.vaultID == vaultID, (found.epoch, found.generation) >= (pin.epoch, pin.generation)
        else { return nil }
        return pin.path
    }

    /// Moves the pin to what was just written, in each of the user's folders: a shell may name one more than cron does. That it
    /// cannot be moved is no error: the protection is then weaker, and the vault is as it should be.
    func movePin(to header: VaultHeader, _ file: [UInt8]) {
        var pin = Pin(header, file: file, path: path)
        pin.highestEpoch = max(header.epoch, highestEpoch(of: header.vaultID))
        for folder in state.own where FileSystem.makePrivate(folder: folder) {
            let path = pinPath(header.vaultID, in: folder)
            // What a run that died has left of a next version goes.
            try? FileSystem.removeAbandoned(beside: path)
            try? FileSystem.replace(path, with: pin.encoded.span, mode: 0o600)
        }
    }

    /// Whether this user has written the vault here, under this path: a copy that is only looked at stays as it is.
    package func isWrittenHere(_ header: VaultHeader) -> Bool { pin(of: header.vaultID)?.path == path }
}

extension Pin {
    fileprivate init?(_ bytes: [UInt8]) {
        guard let object = try? JSONObject(parsing: bytes.span, rules: .record),
            let epoch = (try? object.integer("epoch")).flatMap({ UInt32(exactly: $0) }),
            let generation = (try? object.integer("generation")).flatMap({ UInt64(exactly: $0) }),
            let mac = (try? object.text("mac")).flatMap(Self.bytes), mac.count == VaultHeader.macSize,
            let salt = (try? object.text("salt")).flatMap(Self.bytes), salt.count == Self.saltSize,
            let path = try? object.text("path")
        else { return nil }
        (self.epoch, self.generation, self.mac, self.salt, self.path) = (epoch, generation, mac, salt, path)
        highestEpoch = max(epoch, (try? object.integer("highest_epoch")).flatMap { UInt32(exactly: $0) } ?? 0)
    }

    /// The bytes that hexadecimal digits stand for; nil where other characters do.
    private static func bytes(_ digits: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = digits.utf8[...]
        while !rest.isEmpty {
            guard rest.count >= 2, let byte = UInt8(String(Substring(rest.prefix(2))), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    fileprivate var encoded: [UInt8] {
        var object = JSONObject()
        object.set("epoch", Int64(epoch))
        object.set("generation", Int64(generation))
        object.set("highest_epoch", Int64(highestEpoch))
        object.set("mac", hexadecimal(mac.span))
        object.set("path", path)
        object.set("salt", hexadecimal(salt.span))
        object.set("schema", Int64(1))
        return object.encoded().revealedBytes() + [0x0A]
    }
}
