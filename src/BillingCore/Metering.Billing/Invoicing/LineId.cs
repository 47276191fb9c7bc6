using System.Globalization;

namespace Metering.Billing.Invoicing;

/// <summary>Names a line among all lines of a tenant: <c>{invoice}/{number}</c>. Lines are numbered from 1, as people count.</summary>
public static class LineId
{
    public static string Of(string invoice, int number) => string.Create(CultureInfo.InvariantCulture, $"{invoice}/{number}");

    public static bool TryParse(string text, out string invoice, out int number)
    {
        int slash = text.LastIndexOf('/');
        invoice = slash > 0 ? text[..slash] : "";
        return int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0 && slash > 0;
    }
}
