// Calls a server through the official client and prints what it got, one JSON object, for the test to judge.
// Usage: node client.mjs BASE_URL MODEL PROMPT
import OpenAI from "openai";

const [baseURL, model, prompt] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "unused", maxRetries: 0, timeout: 60_000 });
const ask = { model, messages: [{ role: "user", content: prompt }], temperature: 0, seed: 3, max_completion_tokens: 24 };

async function failure(call) {
  try {
    await call();
    return { kind: "none" };
  } catch (e) {
    return { kind: e.constructor.name, expected: e instanceof OpenAI.NotFoundError || e instanceof OpenAI.BadRequestError, status: e.status, code: e.code, param: e.param, type: e.type };
  }
}

const models = [];
for await (const each of await client.models.list()) models.push(each.id);
const described = (await client.models.retrieve(model)).id;

const whole = await client.chat.completions.create(ask);
const streamed = { text: "", chunks: 0, finish: null, usage: null };
for await (const chunk of await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } })) {
  streamed.chunks++;
  streamed.text += chunk.choices[0]?.delta?.content ?? "";
  streamed.finish = chunk.choices[0]?.finish_reason ?? streamed.finish;
  streamed.usage = chunk.usage ?? streamed.usage;
}

// The client's own accumulator rebuilds the message from the events.
const accumulated = await client.chat.completions.stream(ask).finalChatCompletion();

const scored = await client.completions.create({ model, prompt, max_tokens: 0, echo: true, logprobs: 2, temperature: 0 });
const scripted = model.includes("scripted");
const continued = scripted ? null : await client.completions.create({ model, prompt, max_tokens: 4, echo: true, logprobs: 2, temperature: 0 });
let pieces = null;
if (!scripted) {
  pieces = "";
  for await (const chunk of await client.completions.create({ model, prompt, max_tokens: 4, temperature: 0, stream: true })) pieces += chunk.choices[0]?.text ?? "";
}

console.log(JSON.stringify({
  models,
  described,
  chat: { text: whole.choices[0].message.content, finish: whole.choices[0].finish_reason, usage: whole.usage },
  streamed,
  accumulated: { text: accumulated.choices[0].message.content, finish: accumulated.choices[0].finish_reason },
  scored: { text: scored.choices[0].text, logprobs: scored.choices[0].logprobs, usage: scored.usage },
  continued: continued && { text: continued.choices[0].text, logprobs: continued.choices[0].logprobs, usage: continued.usage },
  pieces,
  unknownModel: await failure(() => client.chat.completions.create({ ...ask, model: "nobody" })),
  unknownDescribed: await failure(() => client.models.retrieve("nobody")),
  malformed: await failure(() => client.chat.completions.create({ ...ask, temperature: "hot" })),
  outOfRange: await failure(() => client.completions.create({ model, prompt, max_tokens: -1 })),
}));
