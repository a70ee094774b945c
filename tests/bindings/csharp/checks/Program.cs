using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;

namespace Checks
{
    /// <summary>
    /// checks.exe CLASS.METHOD ARGUMENT... calls one check. checks.exe CLASS ARGUMENT... calls those of a class that take
    /// as many arguments, and prints a line for each: its name, and what was wrong.
    /// </summary>
    internal static class Program
    {
        private static int Main(string[] arguments)
        {
            string[] wanted = arguments[0].Split('.');
            object[] given = arguments.Skip(1).ToArray<object>();
            Type type = Assembly.GetExecutingAssembly().GetType($"Checks.{wanted[0]}", true);
            if (wanted.Length > 1)
            {
                string fault = Fault(type.GetMethod(wanted[1]), given);
                Console.Error.WriteLine(fault);
                return fault == "" ? 0 : 1;
            }
            foreach (MethodInfo check in type.GetMethods(BindingFlags.Static | BindingFlags.Public))
            {
                if (check.GetParameters().Length != given.Length) continue;
                type.GetMethod("Before", BindingFlags.Static | BindingFlags.NonPublic)?.Invoke(null, null);
                Console.WriteLine($"{check.Name}\t{Fault(check, given).Replace('\n', ' ')}");
            }
            return 0;
        }

        /// <summary>What was wrong; empty for nothing.</summary>
        private static string Fault(MethodInfo check, object[] arguments)
        {
            try
            {
                check.Invoke(null, arguments);
                return "";
            }
            catch (TargetInvocationException error)
            {
                return error.InnerException.ToString();
            }
        }
    }

    internal sealed class CheckFailed : Exception
    {
        internal CheckFailed(string message) : base(message)
        {
        }
    }

    internal static class Expect
    {
        internal static void True(bool condition, string what)
        {
            if (!condition) throw new CheckFailed(what);
        }

        internal static void Equal<T>(T wanted, T have, string what = "value")
        {
            True(EqualityComparer<T>.Default.Equals(wanted, have), $"{what} is {have}, wanted {wanted}");
        }

        internal static void Near(double wanted, double have, double tolerance, string what = "value")
        {
            True(Math.Abs(wanted - have) <= tolerance, $"{what} is {have}, wanted {wanted}");
        }

        internal static void Same(float[] wanted, float[] have, string what = "values")
        {
            Equal(wanted.Length, have.Length, $"number of {what}");
            for (int i = 0; i < wanted.Length; i++)
                True(BitConverter.DoubleToInt64Bits(wanted[i]) == BitConverter.DoubleToInt64Bits(have[i]), $"{what} {i}: {have[i]}");
        }

        internal static TError Throws<TError>(Action action, string containing = "") where TError : Exception
        {
            try
            {
                action();
            }
            catch (TError error)
            {
                True(error.Message.Contains(containing), $"'{error.Message}' does not say '{containing}'");
                return error;
            }
            throw new CheckFailed($"no {typeof(TError).Name} was thrown");
        }

        internal static void Refuses(Nowface.Status status, Action action, string containing = "")
        {
            Equal(status, Throws<Nowface.NowfaceException>(action, containing).Status, "status");
        }
    }
}
