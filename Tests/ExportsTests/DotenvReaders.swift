import Exports
import Testing

/// Programs that read `.env` files.
///
/// Each reads all such files of its folder: names of `secrets.env` as they are, those of others behind the file's name.
enum DotenvReaders {
    /// A reader, by the dialect that is written for it.
    struct Program: Sendable, CustomTestStringConvertible {
        let dialect: String
        let name: String
        let version: [String]
        let command: [String]

        var testDescription: String { name }

        /// As a reader of one dialect; nil for what all read alike.
        func reader(dialect: String?) -> Reader {
            var options = ExportFormat.Options()
            options.dialect = dialect
            return Reader(
                format: "dotenv", options: options, name: dialect.map { "\(name) (\($0))" } ?? name,
                version: version, file: "secrets.env", command: command)
        }
    }

    static let all = [node, python, ruby, go, symfony, compose1, compose2]

    static let node = Program(
        dialect: "node", name: "Node", version: ["node", "--env-file=/dev/null", "--version"],
        command: [
            "node", "-e",
            """
            const show = (k, v) => process.stdout.write(k + '\\0' + v + '\\0');
            for (const file of fs.readdirSync('.').filter(name => name.endsWith('.env'))) {
              if (file != 'secrets.env') {
                const values = require('util').parseEnv(fs.readFileSync(file, 'utf8'));
                for (const [k, v] of Object.entries(values)) show(file + '/' + k, v);
              } else {
                const script = 'process.stdout.write(JSON.stringify(Object.entries(process.env)))';
                const options = { maxBuffer: 1 << 28 };
                const out = require('child_process').execFileSync(
                  process.execPath, ['--env-file=secrets.env', '-e', script], options);
                for (const [k, v] of JSON.parse(out)) show(k, v);
              }
            }
            """,
        ])

    private static let pythonLoop = """
        import glob, logging, sys
        logging.disable()
        for file in glob.glob('*.env'):
            for k, v in read(file).items():
                k = k if file == 'secrets.env' else file + '/' + k
                sys.stdout.buffer.write(f'{k}\\0{v}\\0'.encode('utf-8', 'surrogatepass'))
        """

    /// What is read with interpolation has to be the same without.
    static let python = Program(
        dialect: "python", name: "python-dotenv",
        version: [
            "/usr/bin/python3", "-c", "from importlib.metadata import version; print(version('python-dotenv'))",
        ],
        command: [
            "/usr/bin/python3", "-c",
            """
            import dotenv
            def read(file):
                values, literal = dotenv.dotenv_values(file), dotenv.dotenv_values(file, interpolate=False)
                return {k: v if v == literal[k] else '(replaced)' for k, v in values.items()}
            \(pythonLoop)
            """,
        ])

    /// Both what a project's own `.env` and what `env_file` is read with.
    static let compose1 = Program(
        dialect: "compose", name: "docker-compose v1",
        version: ["/usr/bin/python3", "-c", "import compose; print(compose.__version__)"],
        command: [
            "/usr/bin/python3", "-c",
            """
            from compose.config.environment import env_vars_from_file
            def read(file):
                try: return env_vars_from_file(file)
                except Exception: return {}
            \(pythonLoop)
            """,
        ])

    static let compose2 = Program(
        dialect: "compose", name: "docker compose v2", version: ["docker", "compose", "version", "--short"],
        command: [
            "/usr/bin/python3", "-c",
            """
            import json, subprocess
            def read(file):
                with open('compose.yml', 'w') as config:
                    config.write('services: {a: {image: a, env_file: ' + file + '}}')
                result = subprocess.run(
                    ['docker', 'compose', '-f', 'compose.yml', 'config', '--format', 'json'], capture_output=True)
                if result.returncode: return {}
                values = json.loads(result.stdout)['services']['a'].get('environment', {})
                return {k: v.replace('$$', '$') for k, v in values.items() if v is not None}
            \(pythonLoop)
            """,
        ])

    static let ruby = Program(
        dialect: "ruby", name: "dotenv gem", version: ["ruby", "-e", "require 'dotenv/version'; puts Dotenv::VERSION"],
        command: [
            "ruby", "-e",
            """
            require 'dotenv'
            $stdout.binmode
            Dir['*.env'].each do |file|
              if file == 'secrets.env'
                Dotenv.load(file)
                ENV.each { |k, v| print k, "\\0", v, "\\0" }
              else
                text = File.read(file, encoding: 'utf-8')
                values = begin Dotenv::Parser.call(text); rescue Dotenv::FormatError; {} end
                values.each { |k, v| print file, '/', k, "\\0", v, "\\0" }
              end
            end
            """,
        ])

    static let go = Program(
        dialect: "go", name: "godotenv",
        version: [
            "sh", "-c",
            "go version >&2 && dpkg-query -W -f '${Version}\\n' golang-github-joho-godotenv-dev",
        ],
        command: [
            "sh", "-c",
            """
            cat > main.go <<'X'
            package main

            import (
                "fmt"
                "path/filepath"

                "github.com/joho/godotenv"
            )

            func main() {
                files, _ := filepath.Glob("*.env")
                for _, file := range files {
                    values, err := godotenv.Read(file)
                    if err != nil {
                        continue
                    }
                    for name, value := range values {
                        if file != "secrets.env" {
                            name = file + "/" + name
                        }
                        fmt.Print(name, "\\x00", value, "\\x00")
                    }
                }
            }
            X
            export GOPATH=/usr/share/gocode GO111MODULE=off GOCACHE="${TMPDIR:-/tmp}/tokenkeep-go-cache"
            go run main.go
            """,
        ])

    static let symfony = Program(
        dialect: "symfony", name: "symfony/dotenv",
        version: [
            "sh", "-c", "php -v >&2 && dpkg-query -W -f '${Version}\\n' php-symfony-dotenv",
        ],
        command: [
            "php", "-d", "display_errors=stderr", "-r",
            """
            require 'Symfony/Component/Dotenv/autoload.php';
            function show($values, $prefix) {
                foreach ($values as $name => $value) { echo $prefix, $name, "\\0", $value, "\\0"; }
            }
            foreach (glob('*.env') as $file) {
                $dotenv = new Symfony\\Component\\Dotenv\\Dotenv();
                try {
                    if ($file == 'secrets.env') {
                        $dotenv->load($file);
                        show($_ENV, '');
                    } else {
                        show($dotenv->parse(file_get_contents($file)), $file . '/');
                    }
                } catch (Symfony\\Component\\Dotenv\\Exception\\FormatException $problem) {
                } catch (LogicException $problem) {
                }
            }
            """,
        ])
}
