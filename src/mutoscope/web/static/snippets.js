// A run as a command or program that makes it again. The key is never written out.

import { make, t } from "./page.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const json = (value, indent) => JSON.stringify(value, null, indent);

const LANGUAGES = {
  curl: (id, inputs) =>
    `curl --request POST \\\n  --url ${quoted(`${location.origin}/v1/models/${encodeURI(id)}`)} \\\n` +
    `  --header 'Content-Type: application/json' \\\n  --header "Authorization: Bearer $MUTOSCOPE_API_KEY" \\\n` +
    `  --data ${quoted(json(inputs, 2))}\n`,
  Python: (id, inputs) =>
    `from mutoscope.client import Client\n\ninputs = ${python(inputs)}\n\n` +
    `with Client("${location.origin}") as client:  # the key: MUTOSCOPE_API_KEY\n` +
    `    result = client.run(${json(id)}, inputs, output_dir=".")\n    print(result.files[0])\n`,
  JavaScript: (id, inputs) =>
    `const server = ${json(location.origin)};\nconst headers = { "Content-Type": "application/json", Authorization: \`Bearer \${process.env.MUTOSCOPE_API_KEY}\` };\n` +
    `const inputs = ${json(inputs, 2)};\n\n` +
    `const sent = await fetch(\`\${server}/v1/models/${id}\`, { method: "POST", headers, body: JSON.stringify(inputs) });\n` +
    `const { result_url } = await sent.json();\nlet result;\ndo {\n  await new Promise((done) => setTimeout(done, 1000));\n` +
    `  result = await (await fetch(result_url, { headers })).json();\n} while (["in_queue", "in_progress"].includes(result.status));\nconsole.log(result);\n`,
  "Command line": (id, inputs) => `mutoscope run ${quoted(id)} --input ${quoted(json(inputs))} --output-dir .\n`,
};

/** A value as Python writes it; long texts stay on one line. */
function python(value, depth = 0) {
  const pad = "    ".repeat(depth + 1);
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((item) => python(item, depth)).join(", ")}]`;
  if (typeof value === "object") {
    const lines = Object.entries(value).map(([name, item]) => `${pad}${json(name)}: ${python(item, depth + 1)},\n`);
    return `{\n${lines.join("")}${"    ".repeat(depth)}}`;
  }
  return json(value);
}

/** A menu that copies these inputs as a program. inputs: a function that tells them. */
export function offerAs(facts, inputs, copy) {
  const menu = make("details", { class: "menu" }, make("summary", { class: "button small" }, t("Copy as …")));
  const list = make("div", { class: "menu-list" });
  for (const [language, write] of Object.entries(LANGUAGES)) {
    const act = () => {
      menu.open = false;
      copy(write(facts.model_id, inputs()));
    };
    list.append(make("button", { type: "button", class: "quiet small", onclick: act }, language === "Command line" ? t("Command line") : language));
  }
  menu.append(list);
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") menu.open = false;
  });
  menu.addEventListener("focusout", (event) => {
    if (!menu.contains(event.relatedTarget)) menu.open = false;
  });
  return menu;
}
