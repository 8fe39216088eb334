import Tokens

extension ExportFormat {
    /// A file to source from dash, bash, zsh, ksh93 or mksh (`. ./secrets.sh`): single quotes keep every byte but `'`.
    static let shell = ExportFormat(
        name: "shell", firstLine: "# \(notice)", names: .identifiers(except: shellNames, keeper: "a shell"),
        isText: false
    ) { values in
        values.flatMap { value in
            let escaped = value.value.replacing { $0 == UInt8(ascii: "'") ? #"'\''"# : nil }
            return [Secret("export \(value.name)='"), escaped, Secret("'\n")]
        }
    }

    /// Variables of one of these shells that cannot be set, or do not keep what they are set to, or do not hand it on.
    ///
    /// Among them are zsh's numbers: what they are set to is worked out, and a subscript in it, `a[$(…)]`, runs.
    private static let shellNames = Set(
        """
        ARGC ARGV0 BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_CMDS BASH_COMMAND BASH_LINENO BASH_SOURCE \
        BASH_SUBSHELL BASH_VERSINFO COLUMNS DIRSTACK EGID EPOCHREALTIME EPOCHSECONDS ERRNO EUID FUNCNAME FUNCNEST \
        GID GROUPS HISTCHARS HISTCMD HISTSIZE JOBMAX KEYBOARD_HACK KEYTIMEOUT KSHEGID KSHGID KSHUID KSH_MATCH \
        KSH_VERSION LANG LC_ALL LINENO LINES LISTMAX MAILCHECK OPTIND PGRP PIPESTATUS PPID RANDOM SAVEHIST SECONDS \
        SHELLOPTS SHLVL SRANDOM TMOUT TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT TTYIDLE UID USERNAME USER_ID WATCH \
        ZLE_RPROMPT_INDENT ZSH_EVAL_CONTEXT ZSH_SUBSHELL _ aliases argv builtins cdpath commands dirstack \
        dis_aliases dis_builtins dis_functions dis_functions_source dis_galiases dis_patchars dis_reswords \
        dis_saliases errnos fignore fpath funcfiletrace funcsourcetrace funcstack functions functions_source \
        functrace galiases histchars history historywords jobdirs jobstates jobtexts keymaps langinfo mailpath \
        manpath mapfile module_path modules nameddirs options parameters patchars path pipestatus psvar reswords \
        saliases signals status sysparams termcap terminfo userdirs usergroups watch widgets zsh_eval_context \
        zsh_scheduled_events
        """.split(separator: " ").map(String.init))
}
