import Host
import Tokens

/// The journal that is being written: beside the vault, and when that device fails, in the first state folder that can be
/// written, with the same frames from the first on.
final class JournalWriter {
    /// What is set aside for each request and its answer; a larger one finds its space or does not.
    static let roomPerAnswer = 16 << 10

    let header: [UInt8]
    /// Every file that holds frames of it; the last ones went to the last.
    private(set) var paths: [String]
    /// How many frames it has.
    private(set) var frames: Int
    /// The number of the frame with each ask.
    private(set) var frameOfAsk: [Int]
    private var file: File
    /// Header and frames: what is written again where a descriptor or a device is not to be trusted any more.
    private var content: [UInt8]
    /// Whether the last write failed: what its descriptor says from then on tells nothing.
    private var isDoubtful = false
    /// Where it can go on when it cannot go on here.
    private let refuges: [String]

    /// Makes the journal with its first intents: file and folder are synced when this returns. Whose it is that stands there
    /// already is not known, so a file of that name is an error and stays.
    init(
        at path: String, header: [UInt8], intents: [UInt8], count: Int, room: Int, refuges: [String]
    ) throws(HostError) {
        paths = [path]
        self.header = header
        self.refuges = refuges
        content = header + intents
        frames = count
        frameOfAsk = Array(0..<count)
        file = try File(path, .creating(mode: 0o600))
        do throws(HostError) {
            try file.write(content.span)
            try file.reserve(Int64(content.count + room * Self.roomPerAnswer))
            try file.sync()
            try FileSystem.syncFolder(of: path)
        } catch {
            // Nothing was asked, so a journal that holds intents only must not stay and claim otherwise.
            try? FileSystem.remove(path)
            throw error
        }
    }

    /// Where the last frames went.
    var path: String { paths[paths.count - 1] }

    /// Makes frames durable, the last of them an intent where `hasIntent` says so.
    ///
    /// Before: the frames up to here are on the disk. After: these, too. When it fails none of them is promised, and none is
    /// counted.
    func append(_ bytes: [UInt8], count: Int, hasIntent: Bool) throws(HostError) {
        do throws(HostError) {
            if isDoubtful {
                file = try File(path, .writing)
                try file.write((content + bytes).span)
            } else {
                // At its place, not behind what came last: a frame that was cut short by a full disk is written over.
                try file.write(bytes.span, at: Int64(content.count))
            }
            try file.syncData()
            isDoubtful = false
        } catch {
            isDoubtful = !rescue(content + bytes)
            if isDoubtful { throw error }
        }
        content += bytes
        frames += count
        if hasIntent { frameOfAsk.append(frames - 1) }
    }

    /// Writes all of it to the first refuge that takes it, and goes on there.
    private func rescue(_ bytes: [UInt8]) -> Bool {
        for refuge in refuges {
            // What is written is sealed, so it may stand in a folder that others read.
            _ = FileSystem.makePrivate(folder: FileSystem.folder(of: refuge))
            guard let other = try? File(refuge, .creating(mode: 0o600)) else { continue }
            do throws(HostError) {
                try other.write(bytes.span)
                try other.sync()
                try FileSystem.syncFolder(of: refuge)
                file = other
                paths.append(refuge)
                return true
            } catch { try? FileSystem.remove(refuge) }
        }
        return false
    }
}
