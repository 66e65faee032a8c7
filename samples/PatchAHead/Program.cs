// Which attention heads carry the answer from one prompt to the other? Two prompts that differ in one word; the second gets
// one head's output of the first, head by head (activation patching; Vig et al. 2020, Meng et al. 2022).
//
//   dotnet run --project samples/PatchAHead -- SmolLM2-135M-Instruct.Q4_1.gguf

using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Models.Inference;
using Plumbline.Models.Tokenizers;

if (args is not [string path, ..])
{
    Console.Error.WriteLine("PatchAHead MODEL [CLEAN CORRUPT ANSWER WRONG]: MODEL is a GGUF file or a Hugging Face folder with its tokenizer.");
    return 2;
}

string[] words = args.Length == 5 ? args[1..] : ["The Eiffel Tower is in the city of", "The Colosseum is in the city of", " Paris", " Rome"];
using ModelFolder folder = ModelFolder.Open(path);
using HookedTransformer model = HookedTransformer.Load(folder);
Tokenizer tokenizer = LanguageModel.OpenTokenizer(folder) ?? throw new InvalidOperationException($"{path} has no tokenizer.");

// Positions must correspond: the shorter prompt gets its first token again in front.
List<int> clean = [.. tokenizer.Encode(words[0])], corrupt = [.. tokenizer.Encode(words[1])];
while (clean.Count < corrupt.Count) clean.Insert(0, clean[0]);
while (corrupt.Count < clean.Count) corrupt.Insert(0, corrupt[0]);
int answer = tokenizer.Encode(words[2])[0], wrong = tokenizer.Encode(words[3])[0];

// The corrupt prompt receives, the clean one gives; what counts is how far the logits lean to the answer.
ActivationPatching patching = new(model, corrupt, clean, ActivationPatching.LogitDifference(answer, wrong));
Console.WriteLine($"logit of \"{words[2]}\" over \"{words[3]}\": {patching.Donor:F2} after \"{words[0]}\", {patching.Receiver:F2} after \"{words[1]}\"\n");

// One run for each head, from its layer on. 1 restores the clean answer, 0 changes nothing, below 0 makes it worse.
ActivationSlice[] heads = [.. Enumerable.Range(0, model.Config.Heads).Select(head => new ActivationSlice { Head = head })];
double[,] metrics = patching.Sweep("blocks.{0}.attn.hook_z", heads);
Console.WriteLine("share of the way to the clean answer, by layer and head\n      " + string.Concat(Enumerable.Range(0, heads.Length).Select(head => $"{head,7}")));
for (int layer = 0; layer < model.Config.Layers; layer++)
    Console.WriteLine($"{layer,5} {string.Concat(Enumerable.Range(0, heads.Length).Select(head => $"{patching.Restored(metrics[layer, head]),7:F2}"))}");

var best = Enumerable.Range(0, model.Config.Layers).SelectMany(layer => Enumerable.Range(0, heads.Length).Select(head => (Layer: layer, Head: head))).MaxBy(at => patching.Restored(metrics[at.Layer, at.Head]));
Console.WriteLine($"\nHead {best.Layer}.{best.Head} alone goes {patching.Restored(metrics[best.Layer, best.Head]):P0} of the way.");
return 0;
