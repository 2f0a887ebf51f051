package main

import (
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// projectOf is the namespace of the project that a folder is part of: the name of
// its git remote, or else of the folder with the repository, or else of the folder
// itself.
func projectOf(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		git := filepath.Join(at, ".git")
		if _, err := os.Stat(git); err == nil {
			if name := remoteName(filepath.Join(repository(git), "config")); name != "" {
				return name
			}
			if repo := repository(git); filepath.Base(repo) == ".git" { // a further worktree is part of the first
				at = filepath.Dir(repo)
			}
			return segment(filepath.Base(at))
		}
		if at == filepath.Dir(at) {
			return segment(filepath.Base(dir))
		}
	}
}

// repository is the directory that .git is, or names: that of the checkout which a
// further worktree belongs to.
func repository(git string) string {
	raw, err := os.ReadFile(git) //nolint:gosec // the repository that the caller stands in
	if err != nil {
		return git
	}
	dir, is := strings.CutPrefix(strings.TrimSpace(string(raw)), "gitdir:")
	if !is {
		return git
	}
	dir = under(filepath.Dir(git), strings.TrimSpace(dir))
	if common, err := os.ReadFile(filepath.Join(dir, "commondir")); err == nil { //nolint:gosec // the same
		return under(dir, strings.TrimSpace(string(common)))
	}
	return dir
}

// under is a path that may be relative to a folder.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// remoteName is the last part of the URL of origin in a git configuration, "" if
// there is none.
func remoteName(config string) string {
	raw, err := os.ReadFile(config) //nolint:gosec // the repository that the caller stands in
	if err != nil {
		return ""
	}
	origin := false
	for line := range strings.SplitSeq(string(raw), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			origin = line == `[remote "origin"]`
			continue
		}
		if key, url, is := strings.Cut(line, "="); is && origin && strings.TrimSpace(key) == "url" {
			url = strings.TrimSuffix(strings.TrimRight(strings.TrimSpace(url), "/"), ".git")
			return segment(url[strings.LastIndexAny(url, "/:")+1:])
		}
	}
	return ""
}

// segment makes a segment of a namespace of a name.
func segment(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_', r == '.':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, name)
	return strings.Trim(name, ".")
}
