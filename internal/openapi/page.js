(() => {
	const all = (root, selector) => [...root.querySelectorAll(selector)];
	document.documentElement.classList.add("js");

	// A link to a route or a schema opens it.
	const open = () => {
		const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
		if (target instanceof HTMLDetailsElement) {
			target.open = true;
			target.scrollIntoView();
		}
	};
	addEventListener("hashchange", open);
	open();

	document.getElementById("filter").addEventListener("input", (event) => {
		const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
		for (const element of all(document, "[data-text]")) {
			const text = element.dataset.text.toLowerCase();
			element.hidden = !words.every((word) => text.includes(word));
		}
		// A heading without anything below it goes, too.
		for (const group of all(document, "nav .toc, main section:not([data-text])")) {
			const parts = all(group, "[data-text]");
			group.hidden = words.length > 0 && parts.every((part) => part.hidden);
		}
		none.hidden = words.length === 0 || all(document, "[data-text]").some((element) => !element.hidden);
	});
	const none = document.createElement("p");
	none.textContent = "Nothing matches.";
	none.hidden = true;
	document.getElementById("filter").after(none);

	const who = document.getElementById("who");
	who.addEventListener("submit", (event) => event.preventDefault());
	// Who asks is remembered for as long as the tab is open.
	for (const name of ["agent", "key"]) {
		who[name].value = sessionStorage.getItem(name) ?? who[name].value;
		who[name].addEventListener("input", () => sessionStorage.setItem(name, who[name].value));
	}

	const request = (op) => {
		let path = op.dataset.path;
		const query = new URLSearchParams();
		const headers = {};
		if (who.agent.value) headers["X-Agent-Id"] = who.agent.value;
		if (who.key.value) headers["X-Api-Key"] = who.key.value;
		for (const input of all(op, "input[data-in], select[data-in]")) {
			const { in: where, name } = input.dataset;
			const value = input.value;
			if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
			else if (value === "") continue;
			else if (where === "query") query.append(name, value);
			else headers[name] = value;
		}
		const body = op.querySelector("textarea[data-in=body]")?.value.trim() || undefined;
		if (body || op.dataset.method !== "GET") headers["Content-Type"] = "application/json";
		const url = path + (query.size ? `?${query}` : "");
		return [url, { method: op.dataset.method, headers, body, signal: AbortSignal.timeout(30000) }];
	};

	// The same request as a command, quoted for a shell. The key is left to the reader.
	const shellLine = ([url, { method, headers, body }]) => {
		const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
		const words = ["curl", "-s", "-X", method, quote(location.origin + url)];
		for (const [name, value] of Object.entries(headers)) {
			words.push("-H", name === "X-Api-Key" ? '"X-Api-Key: $TALLY_API_KEY"' : quote(`${name}: ${value}`));
		}
		if (body) words.push("-d", quote(body));
		return words.join(" ");
	};

	const command = (op) => {
		const output = op.querySelector("output");
		const missing = all(op, "input[data-in=path]").find((input) => input.value === "");
		if (missing) {
			output.replaceChildren(`${missing.dataset.name}: it must be given, it is part of the path`);
			missing.focus();
			return false;
		}
		const line = document.createElement("pre");
		line.textContent = shellLine(request(op));
		output.replaceChildren(line, copier(line));
		return true;
	};

	// A button that copies a text, and says that it did.
	const copier = (source) => {
		const copy = document.createElement("button");
		copy.type = "button";
		copy.className = "copy";
		copy.textContent = "Copy";
		copy.addEventListener("click", async () => {
			try {
				await navigator.clipboard.writeText(source.textContent);
				copy.textContent = "Copied";
			} catch {
				getSelection().selectAllChildren(source);
				copy.textContent = "Selected";
			}
		});
		return copy;
	};

	// The samples of a route, one at a time.
	for (const box of all(document, ".samples")) {
		const tabs = document.createElement("p");
		tabs.setAttribute("role", "group");
		const figures = all(box, "figure");
		const choose = (chosen) => figures.forEach((figure, i) => {
			figure.hidden = figure !== chosen;
			tabs.children[i].setAttribute("aria-pressed", figure === chosen);
		});
		for (const figure of figures) {
			const tab = document.createElement("button");
			tab.type = "button";
			tab.className = "tab";
			tab.textContent = figure.dataset.label;
			tab.addEventListener("click", () => choose(figure));
			tabs.append(tab);
			figure.querySelector("figcaption").replaceChildren(copier(figure.querySelector("pre")));
		}
		box.prepend(tabs);
		choose(figures[0]);
	}

	// A schema unfolds where it is named.
	document.addEventListener("click", (event) => {
		const link = event.target.closest?.('main a[href^="#schema-"]');
		if (!link || event.ctrlKey || event.metaKey) return;
		event.preventDefault();
		const open = link.nextElementSibling;
		if (open?.classList.contains("unfolded")) {
			open.remove();
			link.setAttribute("aria-expanded", "false");
			return;
		}
		const table = document.getElementById(link.hash.slice(1))?.querySelector("table");
		if (!table) return;
		const unfolded = document.createElement("div");
		unfolded.className = "unfolded";
		unfolded.append(table.cloneNode(true));
		for (const inner of all(unfolded, ".unfolded")) inner.remove();
		link.after(unfolded);
		link.setAttribute("aria-expanded", "true");
	});

	// A stream has no end: what has come after a second is shown.
	const read = async (response) => {
		if (!/event-stream|ndjson/.test(response.headers.get("Content-Type") ?? "")) return response.text();
		const reader = response.body.getReader();
		const decoder = new TextDecoder();
		let text = "";
		const late = new Promise((done) => setTimeout(done, 1000, { done: true }));
		for (;;) {
			const { done, value } = await Promise.race([reader.read(), late]);
			if (done || text.length > 1e5) break;
			text += decoder.decode(value, { stream: true });
		}
		reader.cancel();
		return text;
	};

	const send = async (op) => {
		if (!command(op)) return;
		const output = op.querySelector("output");
		const [url, options] = request(op);
		const shown = document.createElement("pre");
		const asked = [...output.childNodes];
		output.append(" …");
		try {
			const response = await fetch(url, options);
			let text = await read(response);
			try {
				text = JSON.stringify(JSON.parse(text), null, 2);
			} catch { /* no JSON: as it is */ }
			output.replaceChildren(...asked, ` ${response.status} ${response.statusText}`);
			shown.textContent = text;
		} catch (error) {
			output.replaceChildren(...asked);
			shown.textContent = String(error);
		}
		output.append(shown);
	};

	for (const op of all(document, "details.op[data-method]")) {
		const button = op.querySelector("button");
		if (!button) continue;
		button.addEventListener("click", () => send(op));
		const show = document.createElement("button");
		show.type = "button";
		show.textContent = "curl";
		show.addEventListener("click", () => command(op));
		button.after(" ", show);
	}
})();
