// The same words in German.
import type { Words } from "./en";

const n = (count: number, one: string, many: string = one): string => `${count.toLocaleString("de")} ${count === 1 ? one : many}`;

export const de: Words = {
  locale: "de",
  app: "Tallystick",
  n: (count, one, many) => n(count, one, many),
  nav: {
    overview: "Überblick", memories: "Erinnerungen", recall: "Suchlabor", graph: "Graph", activity: "Geschehen", peers: "Mitglieder", delivery: "Zustellung",
    approvals: "Freigaben", namespaces: "Namensräume", agents: "Agenten", theatre: "Schreibbühne", connect: "Verbinden", system: "System",
    groups: { memory: "Gedächtnis", federation: "Verbund", rules: "Regeln", node: "Knoten" },
    menu: "Menü", skip: "Zur Seite springen",
  },
  status: {
    waiting: "der Knoten wird gefragt …",
    silent: "der Knoten antwortet nicht; es wird weiter versucht",
    locked: "nicht angemeldet",
    below: "unter dem Quorum: Geschriebenes bleibt vorerst hier",
    owed: (writes, to) => `${n(writes, "Schreibvorgang", "Schreibvorgänge")} an ${to} geschuldet`,
    and: (list) => (list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} und ${list.at(-1)}`),
    missing: (who) => `${who} nicht erreichbar; das Quorum steht`,
    equal: (of, span) => `${of} von ${of} erwiesen gleich, vor ${span}`,
    some: (equal, of) => `${equal} von ${of} erwiesen gleich`,
    alone: "ein Knoten, keine anderen Mitglieder",
    damaged: (c) => `${n(c, "beschädigter Eintrag wird", "beschädigte Einträge werden")} geheilt`,
  },
  time: { now: "gerade eben", ago: (s) => `vor ${s}`, in: (s) => `in ${s}`, never: "nie", unit: { s: "s", m: "min", h: "h", d: "T" } },
  top: {
    search: "Erinnerungen suchen", searchHint: "Erinnerungen, Seiten und Befehle finden", namespace: "Namensraum", allNamespaces: "alle Namensräume", node: "Knoten", here: "hier",
    agent: "Handeln als", anonymous: "anonym", anyAgent: "Kennung des Agenten", palette: "Befehle", settings: "Einstellungen", theme: "Aussehen", light: "Hell", dark: "Dunkel", system: "Wie das System",
    language: "Sprache", keys: "Tastatur", signOut: "Abmelden", operator: "Betreiber", notSignedIn: "keine Sitzung",
    agentOnly: "Diese Sitzung gehört dem Schlüssel dieses Agenten und niemandem sonst.", agentHelp: "Sie sehen und dürfen, was dieser Agent sehen und tun darf.", live: "live", stalled: "keine Ereignisse",
    use: "Übernehmen", other: "Öffnet die Konsole jenes Knotens; sie verlangt eine eigene Sitzung.",
  },
  keys: {
    title: "Tastatur", close: "Schließen", palette: "Befehle und Suche", search: "Suche", help: "dieses Blatt", go: "zu einer Seite", next: "nächste Zeile", prev: "vorige Zeile",
    open: "Zeile öffnen", select: "Zeile wählen", back: "zurück zur Liste", edit: "Erinnerung ändern",
  },
  common: {
    loading: "lädt …", again: "Noch einmal", cancel: "Abbrechen", save: "Speichern", close: "Schließen", copy: "Kopieren", copied: "kopiert", copyAs: "Kopieren als", undo: "Rückgängig", none: "keine", yes: "ja", no: "nein",
    all: "alle", of: "von", more: "Mehr laden", open: "Öffnen", clear: "Leeren", apply: "Anwenden", show: "Zeigen", filter: "Filter", exact: "genau", unknown: "unbekannt", id: "Kennung", when: "Wann", who: "Wer",
    what: "Was", state: "Zustand", reason: "Grund", age: "Alter", actions: "Befehle", notHere: "Noch nicht da", export: "Ausgeben", refresh: "Auffrischen", done: "fertig",
  },
  errors: {
    title: "Das ging nicht",
    silent: "Der Knoten antwortet nicht. Es wird von selbst weiter versucht; Ihre Eingaben bleiben hier.",
    code: "Code",
    next: {
      UNREACHABLE: "Sehen Sie nach, ob der Knoten läuft: tally status. Es wird von selbst weiter versucht.",
      UNAUTHORIZED: "Melden Sie sich an: tally console auf dem Rechner des Knotens.",
      OPERATOR_ONLY: "Das ist dem Betreiber vorbehalten: tally console auf dem Rechner des Knotens.",
      FORBIDDEN: "Handeln Sie als ein Agent, der das darf, oder bitten Sie um Freigabe.",
      NOT_FOUND: "Es ist nicht da, oder dieser Agent darf es nicht sehen.",
      PRECONDITION_FAILED: "Jemand war schneller. Laden Sie die Seite neu und sehen Sie, was sich geändert hat.",
      CONFLICT: "Der Titel ist in diesem Namensraum vergeben.",
      QUORUM_NOT_MET: "Es ist gespeichert und wird nachgeliefert; schreiben Sie es nicht noch einmal.",
      BUSY: "Der Knoten ist ausgelastet; nichts wurde geschrieben. Gleich noch einmal versuchen.",
      DISK_FULL: "Die Platte des Knotens ist voll; nichts wurde geschrieben.",
      VALIDATION_FAILED: "Berichtigen Sie das genannte Feld.",
      MEMBER_UNREACHABLE: "Das andere Mitglied antwortet nicht. Was ihm geschuldet wird, wartet.",
      NOT_HOME: "Ein anderer Knoten stellt hierfür zu: fragen Sie dort.",
      SHUTTING_DOWN: "Der Knoten wird angehalten. Es wird von selbst weiter versucht.",
      ALREADY_DECIDED: "Inzwischen wurde entschieden. Laden Sie die Seite neu.",
    },
  },
  login: {
    title: "Konsole öffnen", text: "Dieser Knoten verlangt einen Schlüssel. Am einfachsten auf seinem Rechner:", or: "oder einen Schlüssel einfügen: den des Betreibers, den eines Agenten (man sieht, was er sehen darf) oder den des Knotens", more: "Ohne Schlüssel sehen Sie, was jeder sehen darf. Als Betreiber, auf dem Rechner des Knotens:", without: "Ohne weitermachen",
    key: "Schlüssel", enter: "Anmelden", used: "Dieser Link wurde schon benutzt oder ist älter als zwei Minuten.", kept: "Was Sie hier geschrieben haben, bleibt: melden Sie sich an und machen Sie weiter.",
    over: { ended: "Ihre Sitzung ist zu Ende.", agent_key_revoked: "Der Schlüssel des Agenten wurde widerrufen, und mit ihm endet die Sitzung.", agent_key_expired: "Der Schlüssel des Agenten ist abgelaufen, und mit ihm endet die Sitzung." },
  },
  overview: {
    title: "Überblick", healthy: "Ist alles gesund?", converged: "Sind alle gleich?", agents: "Was tun die Agenten?", needs: "Was braucht mich?",
    yes: "Ja", no: "Nein", fine: "Alles antwortet.", quorum: (w, of) => `Geschrieben ist, was ${w} von ${of} auf der Platte haben.`,
    lag: (c) => `der Index ist ${n(c, "Eintrag", "Einträge")} zurück`, uptime: (s) => `Läuft seit ${s}.`, equalAll: "Alle Mitglieder sind erwiesen gleich.",
    provenAt: (who) => `${who} zuletzt erwiesen gleich`, writes: (w, a) => `${w} mal geschrieben von ${n(a, "Agent", "Agenten")} in den letzten zehn Minuten.`, quiet: "In den letzten zehn Minuten hat niemand geschrieben.",
    nothing: "Nichts wartet auf Sie.", approvals: (c) => `${n(c, "Vorschlag", "Vorschläge")} zu entscheiden`, conflicts: (c) => `${n(c, "Erinnerung", "Erinnerungen")} im Konflikt`,
    parked: (c) => `${n(c, "Vorgang", "Vorgänge")} abgelehnt`, failing: (c) => `${n(c, "Mitglied", "Mitglieder")} nicht erreichbar`, expiring: (c) => `${n(c, "Erinnerung verfällt", "Erinnerungen verfallen")} binnen einer Stunde`,
    damaged: (c) => `${n(c, "beschädigter Eintrag", "beschädigte Einträge")}`, ticker: "Live", tickerEmpty: "Noch ist nichts geschehen. Schreiben Sie etwas, oder verbinden Sie einen Agenten.", rates: "Die letzten zehn Minuten",
    writesLine: "Schreiben", recallsLine: "Abrufe", p95: "p95 der Anfragen", perMinute: "je Minute", memories: "Erinnerungen", holds: "Was dieser Knoten hält",
    live: "lebend", archived: "archiviert", deleted: "gelöscht", erased: "getilgt", links: "Verknüpfungen", disk: "auf der Platte", now: "jetzt",
    rateNote: "Geschriebenes aus den Ereignissen aller Mitglieder; Abrufe und Zeiten aus den Zählern dieses Knotens, seit diese Seite offen ist.",
  },
  list: {
    title: "Erinnerungen", live: "Lebend", archived: "Archiv", conflict: "Im Konflikt", columns: { title: "Titel", namespace: "Namensraum", owner: "Eigner", tier: "Stufe", updated: "Geändert", tags: "Schlagworte" },
    subtree: "und darunter", tag: "Schlagwort", kind: "Art", tier: "Stufe", priority: "Gewicht mindestens", owner: "Eigner", any: "alle", expires: "verfällt", expiry: "Verfall", willExpire: "verfällt", staysForever: "bleibt",
    loaded: (have, of) => `${have.toLocaleString("de")} geladen${of}`, ofAbout: (c) => ` von ${c.toLocaleString("de")}`, end: "das sind alle", scroll: "weiter unten gibt es mehr",
    local: "Dieser Filter sucht in dem, was geladen ist.", empty: "Noch keine Erinnerungen.", emptyHelp: "Schreiben Sie die erste hier, auf der Befehlszeile, oder verbinden Sie einen Agenten.", emptyFilter: "Nichts passt zu diesen Filtern.", clear: "Filter leeren",
    views: "Gemerkte Ansichten", saveView: "Ansicht merken", viewName: "Name der Ansicht", removeView: "Entfernen", select: "Wählen", selected: (c) => `${n(c, "Erinnerung", "Erinnerungen")} gewählt`, none: "Keine wählen",
    preview: "Vorschau", noPreview: "Wählen Sie eine Zeile, um sie hier zu sehen.", newMemory: "Neue Erinnerung", order: "Ordnung", byPriority: "Gewicht", byId: "Kennung", presence: "Wer sie hält, steht auf der Seite der Erinnerung: die Liste trägt es nicht.",
    bulk: {
      archive: "Archivieren", restore: "Zurückholen", erase: "Tilgen", exports: "Herunterladen", effect: "Was geschehen wird", trying: "der Knoten wird gefragt, was geschähe …",
      would: (c, what) => `${n(c, "Erinnerung", "Erinnerungen")} würden ${what}`, archivedWord: "archiviert", erasedWord: "für immer getilgt, auf jedem Mitglied", restoredWord: "zurückgeholt", missing: (c) => `${c} sind nicht da oder nicht Ihre`,
      done: (c, what) => `${n(c, "Erinnerung", "Erinnerungen")} ${what}`, some: (ok, bad) => `${ok} getan, ${bad} nicht`,
    },
  },
  memory: {
    title: "Erinnerung", text: "Text", versions: "Fassungen", links: "Verknüpfungen", holders: "Wer sie hält", use: "Gebrauch", facts: "Angaben", edit: "Ändern", archive: "Archivieren", erase: "Tilgen", restore: "Zurückholen", promote: "Für immer behalten", graph: "Graph",
    states: { live: "lebend", archived: "archiviert", deleted: "gelöscht", erased: "getilgt" }, current: "gültig", conflicts: "Konflikt", version: (v) => `Fassung ${v}`, noText: "Der Text dieser Fassung wird nicht mehr aufgehoben.",
    diff: "Mit der Fassung davor vergleichen", against: "verglichen mit", same: "Im Text ist nichts verschieden.", added: "dazu", removed: "weg",
    conflict: (c) => `${n(c, "gleichzeitig geschriebene Fassung hat", "gleichzeitig geschriebene Fassungen haben")} gegen die gültige verloren, und niemand hat es geklärt.`, settle: "Klären", keep: "Den gültigen Text behalten", take: "Diesen nehmen", mine: "Einen dritten schreiben", thisOne: "Gültig", theOther: "Unterlegen",
    settled: "geklärt", held: (h, of, w) => `${h} von ${of} haben sie auf der Platte; ${w} sind verlangt`, has: "hat sie auf der Platte", owes: "noch nicht", seen: (ms) => `hier zuerst gesehen, ${ms} ms nachdem diese Seite gefragt hat`, before: "bevor diese Seite offen war",
    dot: "Vorgang", digest: "Prüfsumme", origin: "Vermerkt von", actor: "Geschrieben von", signer: "Unterschrift", unsigned: "keine: diese Erinnerung trägt keine Unterschrift eines Agenten", signedBy: (who) => `unterschrieben von ${who}`, lineage: "Herkunft", noLinks: "Keine Verknüpfungen. Verknüpfen Sie sie mit einer anderen, um zu sagen, wie beide zusammengehören.",
    addLink: "Verknüpfen", linkTo: "Kennung der anderen Erinnerung", relation: "Beziehung", unlink: "Lösen", recalled: (c) => `auf diesem Knoten ${c} mal von Abrufen gefunden`, lastRecalled: "zuletzt", neverRecalled: "auf diesem Knoten noch von keinem Abruf gefunden",
    whoRecalled: "Wer gefragt hat, wird nicht festgehalten.", expires: "verfällt", created: "entstanden", changed: "geändert", priority: "Gewicht", confidence: "Gewissheit", kind: "Art", tier: "Stufe", source: "Quelle", owner: "Eigner", tags: "Schlagworte", metadata: "Metadaten", nobody: "niemand: für alle sichtbar", sourceUri: "stammt aus",
    gone: "Sie wurde getilgt: kein Text davon ist übrig.", eraseTitle: "Für immer tilgen", eraseText: "Text und alle Fassungen gehen, hier und auf jedem Mitglied, und die Kennung wird nie wieder benutzt. Nichts bringt sie zurück.",
    erasePeers: (who) => `${who} ist gerade nicht erreichbar: die Kopie dort bleibt, bis es zurück ist, und wird dann getilgt.`, eraseAll: "Alle Mitglieder sind erreichbar: sie ist gleich überall weg.", eraseConfirm: "Tilgen", eraseType: "Zur Bestätigung den Titel eintippen", erased: "getilgt", archived: "archiviert", restored: "zurückgeholt", saved: "gespeichert", promoted: "bleibt für immer", linked: "verknüpft", unlinked: "gelöst",
    pending: "Das wartet auf Freigabe; noch hat sich nichts geändert.", proposal: "Zum Vorschlag", write: "Schreiben", newTitle: "Neue Erinnerung", titleField: "Titel", textField: "Text", tagsField: "Schlagworte, mit Kommas", namespaceField: "Namensraum", scopeField: "Wer sie sehen darf", scopes: { collective: "alle", private: "nur der Eigner" },
    receipt: "Quittung", markdown: "Gezeigt als Text, nie als Auszeichnung.", longLine: "lang", by: "von", loads: "Fassungen", created1: "geschrieben",
  },
  recall: {
    title: "Suchlabor", question: "Frage", ask: "Fragen", budget: "Budget in Tokens", limit: "Höchstens", namespace: "Namensraum", minPriority: "Gewicht mindestens", kind: "Art", since: "Seit",
    second: "Mit einer zweiten Einstellung vergleichen", first: "Erste Einstellung", secondShort: "Zweite Einstellung", took: (ms) => `beantwortet in ${ms} ms`, tokens: (c) => `${n(c, "Token", "Tokens")} Text`, dropped: (c) => `${c} ausgelassen: sie passten nicht ins Budget`,
    lag: (c) => `Der Index ist ${n(c, "Eintrag", "Einträge")} zurück: eben Geschriebenes kann fehlen.`, mode: "gesucht nach", score: "Wertung", empty: "Nichts gefunden.", emptyHelp: "Fragen Sie mit anderen Worten, ohne Namensraum, oder als der Agent, dem es gehört.", start: "Fragen Sie, was ein Agent fragen würde, und sehen Sie, was er bekäme.",
    whyNot: "Warum diese nicht?", whyId: "Kennung der Erinnerung, die Sie erwartet haben", checks: { exists: "sie ist da, und dieser Agent darf sie sehen", missing: "Sie ist nicht da, oder dieser Agent darf sie nicht sehen.", state: (s) => `Sie ist ${s}: Abrufe finden nur lebende.`, namespace: (ns) => `Sie ist in ${ns}, was die Einstellung auslässt.`, priority: (p) => `Ihr Gewicht ist ${p}, weniger als verlangt.`, kind: (k) => `Sie ist von der Art ${k}.`, words: "Keines der Worte der Frage kommt darin vor.", outranked: (at) => `Sie wird gefunden, auf Platz ${at}: Höchstzahl oder Budget schneiden sie ab.`, ranked: (at) => `Sie ist da: Platz ${at}.`, deep: "Sie teilt Worte mit der Frage, aber mehr als 50 andere passen besser." },
    saveCase: "Als Fall merken", savedCase: "Eine Zeile für eine Sammlung von Fragen mit bekannten Antworten: die Frage und die Kennungen, die Sie angehakt haben.", good: "erwartet", parts: "Der Knoten nennt für jeden Treffer eine Wertung; ihre Teile stehen noch nicht in der Antwort.", asOf: "Abrufe zu einem früheren Zeitpunkt gibt es noch nicht; die Fassungen jeder Erinnerung stehen auf ihrer Seite.", rankMoves: (d) => (d === 0 ? "gleicher Platz" : d > 0 ? `${d} höher` : `${-d} tiefer`), onlyHere: "nur hier",
  },
  peers: {
    title: "Mitglieder", member: "Mitglied", state: "Verbindung", owed: "Geschuldet", parked: "Abgelehnt", lastAck: "Zuletzt bestätigt", proven: "Zuletzt erwiesen gleich", clock: "Uhr", url: "Adresse", thisNode: "dieser Knoten", self: "er selbst",
    states: { ok: "steht", catching_up: "holt auf", backoff: "antwortet nicht", own_calls: "meldet sich selbst", stopped: "angehalten", unknown: "noch nichts gehört" }, ahead: (ms) => (ms === 0 ? "im Takt" : ms > 0 ? `${ms} ms vor` : `${-ms} ms nach`),
    diff: "Vergleichen", repair: "Heilen", comparing: "vergleicht …", equal: (m) => `Dieser Knoten und ${m} halten dasselbe.`, differ: (c, m) => `${n(c, "Register ist", "Register sind")} zwischen diesem Knoten und ${m} verschieden.`, truncated: "Es gibt mehr.", register: "Register", here: "Hier", there: "Dort", repaired: (c) => `Neu verschmolzen; vorher ${n(c, "Unterschied", "Unterschiede")}.`,
    rowOnly: "Jeder Knoten kennt seine eigene Zeile. Die der anderen stehen in deren Konsolen:", digest: "Prüfsumme des ganzen Zustands", heads: "Was dieser Knoten von jedem Ursprung hält", origin: "Ursprung", upTo: "alles bis", gaps: "Lücken", alone: "Dieser Knoten hat keine anderen Mitglieder.", aloneHelp: "Starten Sie einen zweiten mit --member, oder gründen Sie einen Verbund, dem andere mit einem Token beitreten:", join: "Einen Rechner aufnehmen", joinHelp: "Wo die Zertifizierungsstelle des Verbunds liegt, machen Sie ein Token; auf dem anderen Rechner treten Sie damit bei. Die Worte des Fingerabdrucks müssen auf beiden gleich sein.", remove: "Ein Mitglied entlassen", removeHelp: "Beendet die Mitgliedschaft; der Schlüssel wird von da an abgelehnt.", certificate: "Zertifikate zeigt der Befehl, bis der Knoten sie hier nennt:", version: "Version",
  },
  delivery: {
    title: "Zustellung", parked: "Abgelehnte Vorgänge", parkedEmpty: "Kein Vorgang wurde abgelehnt.", retry: "Noch einmal anbieten", retryAll: "Alle noch einmal anbieten", retried: (c) => `${n(c, "Vorgang", "Vorgänge")} noch einmal angeboten`, by: "Abgelehnt von", since: "Seit", hooks: "Webhooks", hooksEmpty: "Dieser Agent hat keine Webhooks.", hooksHelp: "Ein Webhook schickt Ereignisse an eine URL. Nur der Agent, der ihn gemacht hat, sieht ihn hier.", home: "Zugestellt von", sent: "angenommen", failed: "gescheitert",
    dead: "Unzustellbares", deadEmpty: "Nichts wurde aufgegeben.", deadFor: "von", attempts: "Versuche", lastError: "letzter Fehler", payload: "Inhalt", redeliver: "Noch einmal schicken", redelivered: "Der Heimatknoten schickt sie noch einmal.", discard: "Was über die neuesten 10.000 hinausgeht, verwirft der Knoten; von Hand lässt sich nichts verwerfen.", elsewhere: (h) => `Das Unzustellbare liegt bei ${h}.`, owedTitle: "Unterwegs", owedNone: "Niemandem wird etwas geschuldet.", owedRow: (c) => n(c, "Vorgang", "Vorgänge"), next: "nächster Versuch", onRequest: "nur auf Wunsch",
  },
  approvals: {
    title: "Freigaben", open: "Zu entscheiden", decided: "Entschieden", empty: "Nichts wartet auf eine Entscheidung.", emptyHelp: "Ein Namensraum, dessen Regeln approve sagen, hält Änderungen hier fest, bis jemand sie angesehen hat.", proposed: "vorgeschlagen von", votes: "Stimmen", noVotes: "noch hat niemand abgestimmt", approver: "zu entscheiden von", anybody: "jedem außer dem, der es vorschlägt", agentOnly: (a) => `${a} allein`, consensus: (c) => `${n(c, "Agent", "Agenten")} gemeinsam`, approve: "Zustimmen", reject: "Ablehnen", own: "Das haben Sie vorgeschlagen: entscheiden muss jemand anderes.", approved: "Zugestimmt und ausgeführt.", voted: (v, q) => `Ihre Stimme zählt: ${v} von ${q}.`, rejected: "Abgelehnt.", change: "Was sich änderte", newMemory: "Eine neue Erinnerung:", noText: "Dazu gibt es keinen Text; das würde geschehen:", statuses: { pending: "wartet", approved: "zugestimmt", rejected: "abgelehnt", failed: "gescheitert" }, actAs: "Sie sind anonym. Zum Abstimmen handeln Sie als ein Agent: Einstellungen.", home: "ausgeführt von",
  },
  spaces: {
    title: "Namensräume", tree: "Baum", empty: "Noch keine Namensräume: sie kommen mit der ersten Erinnerung.", own: "hier", below: "mit allem darunter", standard: "Richtlinie", none: "Keine eigene Richtlinie: es gilt, was darüber steht.", chain: "Was hier gilt", rules: "Regeln", rule: { write: "Schreiben", promote: "Befördern", delete: "Löschen", approver: "Wer freigibt", inherit: "erbt", write_quorum: "Mitglieder, die es halten müssen" }, setBy: "gesetzt", edit: "Regeln ändern", clear: "Richtlinie aufheben", cleared: "Die Richtlinie ist aufgehoben.", saved: "Die Regeln sind gesetzt.", json: "Regeln als JSON", badJson: "Das ist kein JSON-Objekt.", briefing: "Vorschau der Einweisung, die ein Agent bekommt", briefingHint: "Was einem Agenten gesagt wird, bevor er beginnt: dem, als der Sie handeln.", budget: "Tokens höchstens", tokens: (c) => n(c, "Token", "Tokens"), leftOut: (c) => `${n(c, "Erinnerung passte", "Erinnerungen passten")} nicht hinein`, truncated: "Von mehr als 1.000 Namensräumen werden die größten gezeigt.", choose: "Wählen Sie einen Namensraum.", toMemories: "Zu den Erinnerungen", w: (w) => `W ist ${w}`,
  },
  agents: {
    title: "Agenten", name: "Agent", type: "Art", can: "Kann", registered: "Angemeldet", seen: "Zuletzt angemeldet", recent: "Zuletzt geschrieben", lastWrite: "Letztes Schreiben, hier gesehen", empty: "Kein Agent hat sich angemeldet.", emptyHelp: "Agenten melden sich selbst an; wer schreibt, ist auch so im Geschehen zu sehen.", unregistered: "nicht angemeldet", actAs: "Handeln als", acting: "so handeln Sie", keys: "Schlüssel", keysText: "Der Knoten erzählt hier nichts von Schlüsseln der Agenten; wo er sie kennt, werden sie auf seinem Rechner mit tally agent gemacht und widerrufen.", reads: "Einzelnes Lesen wird nicht mit Namen festgehalten; wie oft eine Erinnerung gefunden wurde, steht auf ihrer Seite.", shown: "Was Agenten gezeigt wurde", shownText: "Jede Einweisung, die dieser Knoten gegeben hat: wem, und welche Erinnerungen in welcher Fassung darin standen. Der Betreiber sieht alle, ein Agent seine eigenen.", shownEmpty: "Dieser Knoten hat noch keine Einweisung gegeben.", items: (c) => n(c, "Erinnerung", "Erinnerungen"),
  },
  activity: {
    title: "Geschehen", filter: "Filter", kind: "Art", actor: "Agent", origin: "Knoten", pause: "Anhalten", resume: "Weiter", exportLines: "Als Zeilen herunterladen", empty: "Noch nichts.", nofit: "Nichts passt.", shown: (c, all) => `${c} der letzten ${all} Ereignisse`, audit: "Prüfbuch", auditText: "Ablehnungen, Änderungen an Schlüsseln und Mitgliedern, Tilgungen und Ausgaben stehen in einem angehängten, unterschriebenen Buch bei den Dateien des Knotens. Gelesen und geprüft wird es auf seinem Rechner:", when: "Wann", who: "Wer", what: "Was", about: "Worüber", where: "Vermerkt von", op: "Vorgang", waiting: (c) => n(c, "neues Ereignis", "neue Ereignisse"),
  },
  connect: {
    title: "Verbinden", intro: "Sagen Sie einem Programm von diesem Knoten, und sehen Sie seinen ersten Aufruf kommen.", client: "Programm", name: "Name des Agenten", waiting: "wartet auf den ersten Aufruf …", received: "angekommen", receivedText: (who) => `${who} hat geschrieben:`, listens: "Diese Seite sieht, was der Agent schreibt; wer nur liest, hinterlässt keine Spur.", file: "In die Datei", run: "Ausführen", url: "Für alles, was eine URL nimmt", tools: "Was es dann kann", http: "HTTP-API", docs: "Die API als Seite",
  },
  system: {
    title: "System", node: "Knoten", version: "Version", incarnation: "Inkarnation", started: "gestartet", clock: "seine Uhr", lag: "Index zurück um", warnings: "Warnungen", noWarnings: "keine Warnungen", limits: "Grenzen", features: "Kann", models: "Modelle", embedder: "bettet Texte ein mit", noEmbedder: "nichts: Abrufe gehen nach Worten", damage: "Alles lesen und nach Schäden suchen", scrubbing: (p) => `${p} % gelesen`, scrubbed: (e, d) => `${n(e, "Eintrag", "Einträge")} gelesen, ${d} beschädigt.`, collect: "Fällige Geschichte verwerfen", collected: (c) => `${n(c, "Fassung hat", "Fassungen haben")} ihren Text verloren.`, config: "Einstellungen", configText: "Mit Herkunft jedes Werts, Schlüssel verdeckt:", doctor: "Untersuchung", doctorText: "Prüft Knoten, Mitglieder, Dateien und Einstellungen:", backup: "Sicherung", backupText: "Das ganze Protokoll in einen Ordner, und bei jedem weiteren Aufruf, was neu ist:", bench: "Messungen", benchText: "Gegen einen Vergleich, auf diesem Rechner:", counters: "Zähler", routes: "Anfragen nach Route", route: "Route", calls: "Aufrufe", p50: "die Hälfte binnen", p95: "95 % binnen", asOperator: "Das darf nur der Betreiber: tally console auf dem Rechner des Knotens.", health: "Gesundheit", yes: "ja", no: "nein",
  },
  graph: {
    title: "Graph", from: "Um welche Erinnerung", hops: "Schritte", at: "Wie es war", now: "jetzt", list: "Als Liste", picture: "Als Bild", empty: "Nichts ist damit verknüpft.", emptyHelp: "Verknüpfen Sie sie auf ihrer Seite, dann steht sie hier.", choose: "Wählen Sie eine Erinnerung: ihre Seite hat dafür einen Knopf, oder fügen Sie eine Kennung ein.", focus: "In die Mitte", relation: "Beziehung", distance: "Schritte weg", valid: "gilt seit", until: "bis", both: (c) => `${n(c, "Erinnerung", "Erinnerungen")} darum herum`, slider: "Zeit",
  },
  theatre: {
    title: "Schreibbühne", intro: "Einmal Schreiben, und wann jedes Versprechen eingelöst wurde. Jede Zeit misst diese Seite; keine ist ausgedacht.", begin: "Jetzt schreiben", text: "Text der Erinnerung", sent: "abgeschickt", accepted: "hier angenommen und auf der Platte", appeared: "in den Ereignissen dieses Knotens gesehen", heldBy: (m) => `auf der Platte von ${m}`, quorum: (w) => `W = ${w} erreicht`, indexed: "im Index der Worte", recalled: "zuerst wiedergefunden", waiting: "noch nicht", resolution: (ms) => `Nach Quittungen und Abruf wird immer wieder gefragt: so eine Zeit ist höchstens um die Pause zwischen zwei Fragen, ${ms} ms, und eine Antwort zu spät.`, again: "Noch einmal schreiben", erase: "Wieder wegnehmen", empty: "Schreiben Sie, und sehen Sie zu.", gone: "weggenommen", stalled: "Binnen 30 s nicht gesehen: das Mitglied ist weg. Geschriebenes bleibt und wird nachgeliefert.", rehearsal: "Probe der Teilung", rehearsalText: "Ein laufendes Mitglied abzuschneiden, auf beiden Seiten zu schreiben und zu heilen geht von hier aus nicht.", rehearsalHow: "Am nächsten kommt dem: drei echte Prozesse auf diesem Rechner, von denen einer beim Schreiben getötet wird und dann aufholt. Sehen Sie in deren Konsolen, was geschuldet wird und wann alle wieder gleich sind.",
  },
};
