import Tokens

extension ExportFormat {
    /// A module of Node that gives one object, whose members are what the module's own file holds when they are read.
    ///
    /// Code and data are one file, so one rename replaces both. The data are an object literal, which is what the module
    /// begins with, and which is read again as JSON. A process that runs for a month reads the file of today with the code of
    /// the day on which it began: the lines up to the checksum have to stay as they are.
    ///
    /// - Parameter statements: They call `follow` with `node:fs` and the module's file, and export `secrets`.
    static func live(_ name: String, statements: String) -> ExportFormat {
        let firstLine = "// \(notice)"
        return ExportFormat(name: name, firstLine: firstLine, names: .any) { values in
            let data = Secret(
                joining: [Secret("let secrets = {")] + values.flatMap { [Secret("\n")] + member($0) })
            let checksum = Secret(joining: [Secret(firstLine + "\n"), data]).checksum
            return [data, Secret("\n}; // \(checksum)\n" + statements + follow)]
        }
    }

    private static let follow = #"""

        // secrets.NAME is what this file holds now. A copy, as in const { NAME } = secrets, stays what it was.
        function follow(fs, file) {
          let values = secrets, seen = [], next = 0;

          // One stat a second at most. A file that is missing, half-written or another's leaves the values as they were.
          const current = () => {
            if (performance.now() < next) return values;
            try {
              const { dev, ino, size, mtimeNs } = fs.statSync(file, { bigint: true });
              const mark = [dev, ino, size, mtimeNs].join();
              // It is read once more a second after a change: two changes can bear one time.
              if (mark !== seen[0]) values = read(fs.readFileSync(file));
              seen = [seen[1], mark];
            } catch {}
            next = performance.now() + 1000;
            return values;
          };

          const read = (bytes) => {
            const end = bytes.indexOf("\n}; // ");
            let sum = 0x811c9dc5;
            for (const byte of bytes.subarray(0, end)) sum = Math.imul(sum ^ byte, 0x01000193);
            const checksum = (sum >>> 0).toString(16).padStart(8, "0");
            if (bytes.toString("latin1", end + 7, end + 16) !== checksum + "\n") throw new Error("not whole");
            const members = bytes.toString("utf8", bytes.indexOf("{"), end).replace(/,$/, "");
            return JSON.parse(members.replace('["__proto__"]', '"__proto__"') + "}");
          };

          const refuse = () => false;
          const traps = {
            defineProperty: refuse, deleteProperty: refuse, setPrototypeOf: refuse, preventExtensions: refuse,
          };
          for (const name of ["get", "has", "ownKeys", "getOwnPropertyDescriptor"])
            traps[name] = (_, ...rest) => Reflect[name](current(), ...rest);
          secrets = new Proxy({}, traps);
        }

        """#
}

extension Secret {
    /// FNV-1a with 32 bits: it tells a file that is whole from one that is half-written, and no more.
    fileprivate var checksum: String {
        let sum = withSpan { bytes in
            var sum: UInt32 = 0x811C_9DC5
            for index in bytes.indices { sum = (sum ^ UInt32(bytes[index])) &* 0x0100_0193 }
            return sum
        }
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
