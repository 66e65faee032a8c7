// Answers each line "prefill N" or "decode N" with a line of JSON: milliseconds for the prompt, or for each token.
// node llama.mjs FOLDER MODEL THREADS, where FOLDER holds node_modules/node-llama-cpp.
import {createInterface} from "node:readline";
import {join, resolve} from "node:path";
import {pathToFileURL} from "node:url";

const [folder, modelPath, threads] = process.argv.slice(2);
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(join(resolve(folder), "node_modules", "node-llama-cpp", "dist", "index.js")).href);
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: Number(threads)});
const model = await llama.loadModel({modelPath});
const context = await model.createContext({contextSize: 1024, batchSize: 512, threads: Number(threads)});
const sequence = context.getSequence();
const say = value => process.stdout.write(JSON.stringify(value) + "\n");
say({ready: true, system: llama.systemInfo, threads: context.currentThreads});

let first = 100;
for await (const line of createInterface({input: process.stdin})) {
    const [what, count] = line.split(" ");
    const ids = Array.from({length: what === "prefill" ? Number(count) : 8}, (_, i) => 100 + (first + i * 7919) % 40000);
    first++;
    await sequence.clearHistory();
    if (what === "prefill") {
        // The head runs on the last row only, and that row's likeliest token is taken.
        const start = performance.now();
        await sequence.controlledEvaluate([...ids.slice(0, -1), [ids.at(-1), {generateNext: {token: true, options: {temperature: 0}}}]]);
        say({milliseconds: [performance.now() - start]});
    } else {
        const milliseconds = [];
        let last = null;
        for await (const token of sequence.evaluate(ids, {temperature: 0, yieldEogToken: true})) {
            const now = performance.now();
            if (last !== null) milliseconds.push(now - last);
            last = now;
            if (milliseconds.length >= Number(count)) break;
        }

        say({milliseconds});
    }
}

process.exit(0);
