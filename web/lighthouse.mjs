// Measures pages with Lighthouse for phones and prints the scores as JSON:
// node lighthouse.mjs <port of a running Chromium> <Cookie header> <address>...
import lighthouse from "lighthouse";

const [port, cookie, ...addresses] = process.argv.slice(2);
const categories = ["performance", "accessibility"];
const scores = [];
for (const address of addresses) {
  const { lhr } = await lighthouse(address, {
    port: Number(port),
    output: "json",
    logLevel: "error",
    onlyCategories: categories,
    extraHeaders: { Cookie: cookie },
  });
  const failed = Object.values(lhr.audits).filter((each) => each.score !== null && each.score < 0.9);
  scores.push({
    address,
    ...Object.fromEntries(categories.map((name) => [name, Math.round(lhr.categories[name].score * 100)])),
    failed: failed.map((each) => `${each.id}: ${each.displayValue ?? each.title}`),
    error: lhr.runtimeError?.message ?? null,
    milliseconds: Math.round(lhr.timing.total),
  });
}
console.log(JSON.stringify(scores));
