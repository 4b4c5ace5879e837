/**
 * Scripts that ask `trainyard complete -- WORD…` for what the last word can be: a line for each, with a description
 * after a tab; or the line `:files`. They pass on what is typed and never evaluate it.
 */
export const shells = {
  bash: `# bash completion of trainyard; in ~/.bashrc: eval "$(trainyard completion bash)"
_trainyard() {
  local word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    if [[ $word == :files ]]; then
      compopt -o default 2>/dev/null
    elif [[ $word == "\${COMP_WORDS[COMP_CWORD]}"* ]]; then
      COMPREPLY+=("$word")
    fi
  done < <(trainyard complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _trainyard trainyard
`,
  zsh: `#compdef trainyard
# zsh completion of trainyard; in ~/.zshrc, after compinit: eval "$(trainyard completion zsh)"
_trainyard() {
  local -a lines values
  lines=("\${(@f)$(trainyard complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${lines[1]} == :files ]]; then
    _files
    return
  fi
  values=("\${(@)\${(@)lines//:/\\\\:}/$'\\t'/:}")
  _describe -V trainyard values
}
compdef _trainyard trainyard
`,
  fish: `# fish completion of trainyard; in ~/.config/fish/config.fish: trainyard completion fish | source
function __trainyard_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines (trainyard complete -- $words[2..-1] 2>/dev/null)
  if test "$lines[1]" = :files
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $lines
  end
end
complete -c trainyard -f -a '(__trainyard_complete)'
`,
}
