// What would the model say if it stopped after each layer? (nostalgebraist, "interpreting GPT: the logit lens", 2020)
//
//   dotnet run --project samples/LogitLens -- SmolLM2-135M-Instruct.Q4_1.gguf "The capital of France is"

using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Models.Inference;
using Plumbline.Models.Tokenizers;

if (args is not [string path, .. var rest])
{
    Console.Error.WriteLine("LogitLens MODEL [PROMPT]: MODEL is a GGUF file or a Hugging Face folder with its tokenizer.");
    return 2;
}

string prompt = rest.FirstOrDefault() ?? "The capital of France is";

// The model, with every intermediate value in reach, and its tokenizer.
using ModelFolder folder = ModelFolder.Open(path);
using HookedTransformer model = HookedTransformer.Load(folder);
Tokenizer tokenizer = LanguageModel.OpenTokenizer(folder) ?? throw new InvalidOperationException($"{path} has no tokenizer.");
IReadOnlyList<int> ids = tokenizer.Encode(prompt);

// The lens puts the final norm and the head behind every layer, for every position at once.
LogitLens lens = LogitLens.Of(model, ids);
int last = ids.Count - 1;

Console.WriteLine($"{prompt}▮\n");
Console.WriteLine("before layer   KL to the end   bits of doubt   likeliest next tokens");
for (int row = 0; row <= model.Config.Layers; row++)
{
    string top = string.Join("   ", lens.Top(row, last, 4).Select(token => $"{Show(token.Id)} {Math.Exp(token.LogProb):P0}"));
    string layer = row < model.Config.Layers ? row.ToString() : "(end)";
    Console.WriteLine($"{layer,12}   {lens.KlToFinal(row, last),13:F2}   {lens.Entropy(row, last) / Math.Log(2),13:F2}   {top}");
}

// Where is the answer decided? At the first layer from which on the likeliest token stays.
int answer = lens.Top(model.Config.Layers, last, 1)[0].Id;
int decided = Enumerable.Range(0, model.Config.Layers + 1).Reverse().TakeWhile(row => lens.Top(row, last, 1)[0].Id == answer).Last();
Console.WriteLine($"\n{Show(answer)} is on top from {(decided < model.Config.Layers ? $"before layer {decided}" : "the last layer")} on.");
return 0;

string Show(int id) => $"\"{tokenizer.Decode([id])}\"";
