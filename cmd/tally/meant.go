package main

// meant are commands by the names that other programs have for what they do: a
// spelling that is near to one of ours may be far from what was wanted.
func meant() map[string][]string {
	const (
		archive = "archive"
		recall  = "recall"
		status  = "status"
	)
	return map[string][]string{
		"add": {"remember"}, "create": {"remember"}, "new": {"remember"}, "note": {"remember"}, "put": {"remember"}, "rember": {"remember"}, "save": {"remember"}, "store": {"remember"}, "write": {"remember"},
		"ask": {recall}, "find": {recall}, "query": {recall}, "search": {recall},
		"cat": {"get"}, "read": {"get"}, "show": {"get"}, "view": {"get"},
		"edit": {"update"}, "log": {"history"}, "ls": {"list"}, "versions": {"history"},
		"del": {archive, "delete"}, "remove": {archive, "delete"}, "rm": {archive, "delete"},
		"purge": {"erase"}, "wipe": {"erase"},
		"daemon": {"serve"}, "run": {"serve"}, "server": {"serve"}, "start": {"serve"}, "up": {"serve"},
		"init": {"setup", "serve", "cluster init"}, "install": {"setup"}, "uninstall": {"setup --undo"},
		"health": {"doctor", status}, "check": {"doctor"}, "info": {status}, "ps": {status}, "stats": {status},
		"invite": {"cluster token"}, "token": {"cluster token"}, "leave": {"member remove"}, "node": {"member"}, "nodes": {"member"}, "peer": {"member"}, "peers": {"member"},
		"approve": {"pending approve"}, "reject": {"pending reject"}, "key": {"agent add"}, "login": {"console", "agent add"}, "ui": {"console"}, "web": {"console"},
		"benchmark": {"bench"}, "dump": {"export", "backup"}, "load": {"import"}, "webhook": {"subscription"},
	}
}
