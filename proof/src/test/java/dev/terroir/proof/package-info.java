/// Tests of the whole, as people use it: the distribution, the Python clients, the programs around.
@org.jspecify.annotations.NullMarked
package dev.terroir.proof;
