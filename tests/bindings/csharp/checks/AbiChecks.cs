using System;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using Nowface;

namespace Checks
{
    /// <summary>Prints what the tests compare with nowface.h and statuses.json.</summary>
    public static class AbiChecks
    {
        private static readonly Assembly Core = typeof(Bundle).Assembly;

        public static void PrintStatuses() => Print(typeof(Status));

        public static void PrintEvents() => Print(typeof(SessionEventKind));

        public static void PrintModes() => Print(typeof(SessionMode));

        public static void PrintLayouts()
        {
            foreach (Type type in Core.GetTypes().Where(type => type.Name.StartsWith("Native") && type.IsValueType))
            {
                foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic))
                    Console.WriteLine($"{type.Name}.{field.Name} {Marshal.OffsetOf(type, field.Name)}");
                Console.WriteLine($"{type.Name} {Marshal.SizeOf(type)}");
            }
        }

        public static void PrintImports()
        {
            foreach (MethodInfo method in Core.GetType("Nowface.Native").GetMethods(BindingFlags.Static | BindingFlags.NonPublic))
            {
                var import = method.GetCustomAttribute<DllImportAttribute>();
                if (import != null) Console.WriteLine($"{method.Name} {import.Value} {method.GetParameters().Length}");
            }
        }

        public static void PrintLibrary()
        {
            Console.WriteLine(Library.Version);
            Console.WriteLine(Library.Runtime);
        }

        public static void SaysWhereTheLibraryBelongs(string folder)
        {
            Expect.Throws<DllNotFoundException>(() => Bundle.Open(folder), "Assets/Plugins");
        }

        private static void Print(Type type)
        {
            foreach (object value in Enum.GetValues(type)) Console.WriteLine($"{value} {(int)value}");
        }
    }
}
