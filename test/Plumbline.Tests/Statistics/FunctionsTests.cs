using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class FunctionsTests
{
    [Fact]
    public void Normal_cdf() => Group("normalCdf");

    [Fact]
    public void Normal_quantile() => Group("normalPpf");

    [Fact]
    public void T_cdf() => Group("tCdf");

    [Fact]
    public void T_quantile() => Group("tPpf");

    [Fact]
    public void Chi_square_cdf() => Group("chi2Cdf");

    [Fact]
    public void Chi_square_quantile() => Group("chi2Ppf");

    [Fact]
    public void F_cdf() => Group("fCdf");

    [Fact]
    public void F_quantile() => Group("fPpf");

    [Fact]
    public void Binomial_law() => Group("binomial");

    [Fact]
    public void Hypergeometric_law() => Group("hypergeometric");

    [Fact]
    public void Regularized_beta() => Group("regularizedBeta");

    [Fact]
    public void Regularized_beta_inverse() => Group("regularizedBetaInverse");

    [Fact]
    public void Regularized_gamma() => Group("regularizedGamma");

    [Fact]
    public void Regularized_gamma_inverse() => Group("regularizedGammaInverse");

    [Fact]
    public void Log_gamma() => Group("logGamma");

    [Fact]
    public void Digamma() => Group("digamma");

    [Fact]
    public void Error_function() => Group("erf");

    [Fact]
    public void Error_function_inverse() => Group("erfInverse");

    [Fact]
    public void Complementary_error_function_inverse() => Group("erfcInverse");

    [Fact]
    public void Kolmogorov_limit() => Group("kolmogorov");

    [Fact]
    public void Softplus_and_logistic() => Group("softplus");

    [Fact]
    public void Errors() => GoldenStatistics.Run("functions", "errors", e => Compute(e.S("f"), e));

    private static void Group(string name) => GoldenStatistics.Run("functions", name, e => Compute(name, e));

    private static Dictionary<string, object?> Compute(string f, JsonElement e) => f switch
    {
        "normalCdf" => new() { ["cdf"] = Normal.Cdf(e.D("x")), ["sf"] = Normal.UpperTail(e.D("x")) },
        "normalPpf" => Value(Normal.Quantile(e.D("p"))),
        "tCdf" => Both(StudentT.Cdf(e.D("t"), e.D("df"))),
        "tPpf" => Value(StudentT.Quantile(e.D("p"), e.D("df"))),
        "chi2Cdf" => Both(ChiSquare.Cdf(e.D("x"), e.D("df"))),
        "chi2Ppf" => Value(ChiSquare.Quantile(e.D("p"), e.D("df"))),
        "fCdf" => Both(FisherF.Cdf(e.D("x"), e.D("df1"), e.D("df2"))),
        "fPpf" => Value(FisherF.Quantile(e.D("p"), e.D("df1"), e.D("df2"))),
        "binomial" => Mass(Binomial.Probability(e.I("k"), e.I("n"), e.D("p")), Binomial.Cdf(e.I("k"), e.I("n"), e.D("p"))),
        "hypergeometric" => Mass(
            Hypergeometric.Probability(e.I("k"), e.I("population"), e.I("successes"), e.I("draws")),
            Hypergeometric.Cdf(e.I("k"), e.I("population"), e.I("successes"), e.I("draws"))),
        "regularizedBeta" => Both(BetaFunction.Regularized(e.D("a"), e.D("b"), e.D("x"))),
        "regularizedBetaInverse" => Value(BetaFunction.RegularizedInverse(e.D("a"), e.D("b"), e.D("p")).X),
        "regularizedGamma" => Both(GammaFunction.Regularized(e.D("a"), e.D("x"))),
        "regularizedGammaInverse" => Value(GammaFunction.RegularizedInverse(e.D("a"), e.D("p"))),
        "logGamma" => Value(GammaFunction.Log(e.D("x"))),
        "digamma" => Value(GammaFunction.Digamma(e.D("x"))),
        "erf" => new() { ["erf"] = ErrorFunction.Erf(e.D("x")), ["erfc"] = ErrorFunction.Erfc(e.D("x")) },
        "erfInverse" => Value(ErrorFunction.ErfInverse(e.D("p"))),
        "erfcInverse" => Value(ErrorFunction.ErfcInverse(e.D("p"))),
        "kolmogorov" => Value(Kolmogorov.UpperTail(e.D("x"))),
        "softplus" => new() { ["softplus"] = Elementary.Softplus(e.D("x")), ["logistic"] = Elementary.Logistic(e.D("x")) },
        _ => throw new NotSupportedException(f),
    };

    private static Dictionary<string, object?> Value(double value) => new() { ["value"] = value };

    private static Dictionary<string, object?> Both(Tails tails) => new() { ["cdf"] = tails.Lower, ["sf"] = tails.Upper };

    private static Dictionary<string, object?> Mass(double mass, Tails tails) => new() { ["pmf"] = mass, ["cdf"] = tails.Lower, ["sf"] = tails.Upper };
}
