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
	});

	const who = document.getElementById("who");
	who.addEventListener("submit", (event) => event.preventDefault());

	const request = (op) => {
		let path = op.dataset.path;
		const query = new URLSearchParams();
		const headers = {};
		if (who.agent.value) headers["X-Agent-Id"] = who.agent.value;
		if (who.key.value) headers["X-Api-Key"] = who.key.value;
		for (const input of all(op, "input[data-in]")) {
			const { in: where, name } = input.dataset;
			const value = input.value;
			if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
			else if (value === "") continue;
			else if (where === "query") query.append(name, value);
			else headers[name] = value;
		}
		const body = op.querySelector("textarea[data-in=body]")?.value.trim() || undefined;
		if (body) headers["Content-Type"] = "application/json";
		const url = path + (query.size ? `?${query}` : "");
		return [url, { method: op.dataset.method, headers, body, signal: AbortSignal.timeout(30000) }];
	};

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
		const output = op.querySelector("output");
		const [url, options] = request(op);
		const shown = document.createElement("pre");
		output.replaceChildren("…");
		try {
			const response = await fetch(url, options);
			let text = await read(response);
			try {
				text = JSON.stringify(JSON.parse(text), null, 2);
			} catch { /* no JSON: as it is */ }
			output.replaceChildren(`${options.method} ${url} → ${response.status} ${response.statusText}`);
			shown.textContent = text;
		} catch (error) {
			output.replaceChildren(`${options.method} ${url}`);
			shown.textContent = String(error);
		}
		output.append(shown);
	};

	for (const op of all(document, "details.op[data-method]")) {
		op.querySelector("button")?.addEventListener("click", () => send(op));
	}
})();
