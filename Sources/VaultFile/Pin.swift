import Host
import Sealing
import Tokens

/// The newest version of a vault that was seen on this machine (FORMAT §4): what tells an old copy from the vault.
struct Pin {
    let epoch: UInt32
    let generation: UInt64
    /// The header's authentication code, which tells two versions of one generation apart.
    let mac: [UInt8]
    /// Where that version was.
    let path: String

    /// Whether a version comes before this one. Epoch first: who holds a removed key can forge any generation under the
    /// old epoch.
    func isNewer(than header: VaultHeader, mac other: [UInt8]) -> Bool {
        let (seen, found) = ((epoch, generation), (header.epoch, header.generation))
        return found < seen || found == seen && !equalInConstantTime(other.span, mac.span)
    }
}

extension VaultFile {
    private func pinPath(_ vaultID: [UInt8], in folder: String) -> String {
        FileSystem.path(hexadecimal(vaultID.span) + ".pin", from: folder)
    }

    /// The highest pin in any of the user's folders; one that cannot be read is none.
    func pin(of vaultID: [UInt8]) -> Pin? {
        state.own.compactMap { folder in
            guard FileSystem.isPrivate(folder: folder),
                let bytes = try? FileSystem.contents(of: pinPath(vaultID, in: folder), limit: 65536)
            else { return nil }
            return Pin(bytes)
        }.max { ($0.epoch, $0.generation) < ($1.epoch, $1.generation) }
    }

    /// Refuses a version that is older than the one last seen here, or another one of the same generation; with
    /// `acceptsOlder` it is taken, and true is returned.
    func isOlder(_ header: VaultHeader, mac: [UInt8]) throws(VaultError) -> Bool {
        guard let pin = pin(of: header.vaultID), pin.isNewer(than: header, mac: mac) else { return false }
        if acceptsOlder { return true }
        throw .older(
            vault: (header.epoch, header.generation), seen: (pin.epoch, pin.generation), newerAt: newer(pin, header))
    }

    /// Where the newer version is, if it still is where it was seen.
    private func newer(_ pin: Pin, _ header: VaultHeader) -> String? {
        guard pin.path != path, let other = try? VaultFile(path: pin.path), let found = try? other.readHeader(),
            found.vaultID == header.vaultID, (found.epoch, found.generation) >= (pin.epoch, pin.generation)
        else { return nil }
        return pin.path
    }

    /// Moves the pin to what was just written, in each folder that has one, else in the first that can be written. That it
    /// cannot be moved is no error: the protection is then weaker, and the vault is as it should be.
    func movePin(to header: VaultHeader, mac: [UInt8]) {
        let pin = Pin(epoch: header.epoch, generation: header.generation, mac: mac, path: path).encoded
        let folders = state.own.filter { FileSystem.isPrivate(folder: $0) }
        let present = folders.filter { (try? FileSystem.status(of: pinPath(header.vaultID, in: $0))) ?? nil != nil }
        for folder in present {
            try? FileSystem.replace(pinPath(header.vaultID, in: folder), with: pin.span, mode: 0o600)
        }
        guard present.isEmpty else { return }
        for folder in state.own where FileSystem.makePrivate(folder: folder) {
            let path = pinPath(header.vaultID, in: folder)
            if (try? FileSystem.replace(path, with: pin.span, mode: 0o600)) != nil { return }
        }
    }
}

extension Pin {
    fileprivate init?(_ bytes: [UInt8]) {
        guard let object = try? JSONObject(parsing: bytes.span, rules: .record),
            let epoch = (try? object.integer("epoch")).flatMap({ UInt32(exactly: $0) }),
            let generation = (try? object.integer("generation")).flatMap({ UInt64(exactly: $0) }),
            let mac = try? object.text("mac"), let path = try? object.text("path")
        else { return nil }
        var bytes: [UInt8] = []
        var rest = mac.utf8[...]
        while rest.count >= 2, let byte = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        guard rest.isEmpty, bytes.count == VaultHeader.macSize else { return nil }
        (self.epoch, self.generation, self.mac, self.path) = (epoch, generation, bytes, path)
    }

    fileprivate var encoded: [UInt8] {
        var object = JSONObject()
        object.set("epoch", Int64(epoch))
        object.set("generation", Int64(generation))
        object.set("mac", hexadecimal(mac.span))
        object.set("path", path)
        object.set("schema", Int64(1))
        return object.encoded().revealedBytes() + [0x0A]
    }
}
