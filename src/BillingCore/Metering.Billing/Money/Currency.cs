using System.Collections.Frozen;

namespace Metering.Billing;

/// <summary>A currency of ISO 4217 that people pay with. There is one object a currency, so references compare.</summary>
public sealed class Currency
{
    private const string NoDecimals = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
    private const string ThreeDecimals = "BHD IQD JOD KWD LYD OMR TND";
    private const string TwoDecimals = """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK
        DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT
        LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN
        QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS
        VED VES WST XCD XCG YER ZAR ZMW ZWG
        """;

    private static readonly FrozenDictionary<string, Currency> s_all =
        Of(NoDecimals, 0).Concat(Of(TwoDecimals, 2)).Concat(Of(ThreeDecimals, 3)).ToFrozenDictionary(one => one.Code, StringComparer.Ordinal);

    private Currency(string code, int exponent)
    {
        Code = code;
        Exponent = exponent;
    }

    /// <summary>Three capital letters.</summary>
    public string Code { get; }

    /// <summary>Decimals of an amount: 0, 2 or 3. One minor unit is 10⁻ᵉˣᵖᵒⁿᵉⁿᵗ.</summary>
    public int Exponent { get; }

    public static IReadOnlyCollection<Currency> All => s_all.Values;

    /// <summary>Null for a code that is none of ISO 4217's.</summary>
    public static Currency? Find(string code) => s_all.GetValueOrDefault(code);

    /// <exception cref="ArgumentException">No such currency.</exception>
    public static Currency Of(string code) => Find(code) ?? throw new ArgumentException($"'{code}' is not a currency of ISO 4217.", nameof(code));

    public override string ToString() => Code;

    private static IEnumerable<Currency> Of(string codes, int exponent) =>
        codes.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).Select(code => new Currency(code, exponent));
}
