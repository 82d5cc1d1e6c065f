// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChainErrors} from "./IRootChainErrors.sol";

/// @title In-flight exits of `IRootChain`
/// @notice An in-flight exit takes out a transaction that may never have been included. It pays the piggybacked outputs
/// if the transaction is canonical, and otherwise the piggybacked inputs that were not spent elsewhere.
/// @dev The id of an in-flight exit is `keccak256(keccak256(0x02 | data) | id of each input's output)`. A call finds it
/// by the transaction and the ids of its inputs, which were proven at the start and need no second proof.
interface IRootChainInFlight is IRootChainErrors {
    /// @notice Starts the exit of a transaction that may not have been included.
    /// @dev Only an owner of an input may call. The ether sent must be `inFlightBond` plus `piggybackBond` for each
    /// bit. The caller loses the bond of the start to the account that last proves whether the transaction is
    /// canonical.
    /// @param transaction The transaction, with position zero; once it has expired, its inclusion must be proven
    /// @param inputs The outputs that it spends, in order
    /// @param signatures The signatures of their owners, in order, 64 bytes each
    /// @param bits The inputs (0 to 3) and outputs (4 to 7) of the caller to piggyback immediately
    function startInFlightExit(
        Proof calldata transaction,
        Proof[] calldata inputs,
        bytes calldata signatures,
        uint256 bits
    ) external payable;

    /// @notice Piggybacks an input or output, so that the in-flight exit can pay it.
    /// @dev Only the owner of the input or output may call, in the first W/2. The ether sent must be `piggybackBond`,
    /// which is lost if the input or output is proven to be spent.
    /// @param data The transaction
    /// @param inputIds The ids of the outputs that it spends
    /// @param bit The input (0 to 3) or output (4 to 7)
    /// @param inputData The transaction or deposit record that made the input, and each piggybacked input; empty for
    /// others, and trailing empty items may be left out
    function piggyback(bytes calldata data, bytes32[] calldata inputIds, uint256 bit, bytes[] calldata inputData)
        external
        payable;

    /// @notice Challenges an in-flight exit as non-canonical by a competitor: another transaction that spends the same
    /// output. The caller earns a claim to the bond of the start. Until the challenge is answered, piggybacked inputs
    /// are registered instead of outputs.
    /// @dev Anyone may call, in the first W/2. The caller risks only gas.
    /// @param data The transaction
    /// @param inputIds The ids of the outputs that it spends
    /// @param input The index of the input that the competitor spends
    /// @param inputData The transaction or deposit record that made the input, and each piggybacked input; empty for
    /// others
    /// @param competitor The competitor
    function challengeNonCanonical(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes[] calldata inputData,
        Spend calldata competitor
    ) external;

    /// @notice Proves that the transaction was included before every competitor shown. The caller earns a claim to the
    /// bond of the start, and piggybacked outputs are registered again.
    /// @dev Anyone may call, until the exit can be claimed. Call it before a newer dishonest exit can be claimed. The
    /// caller risks only gas.
    /// @param transaction The transaction with its inclusion
    /// @param inputIds The ids of the outputs that it spends
    /// @param inputData The transaction or deposit record that made each piggybacked input; empty for others, and
    /// trailing empty items may be left out
    function respondNonCanonical(Proof calldata transaction, bytes32[] calldata inputIds, bytes[] calldata inputData)
        external;

    /// @notice Holds the inputs that an in-flight exit needs and no other exit has any more, and releases the inputs
    /// that it does not need: while it is contested, all that are not piggybacked. The registered amounts follow.
    /// @dev Anyone may call, until the exit can be claimed.
    /// @param data The transaction
    /// @param inputIds The ids of the outputs that it spends
    /// @param inputData The data of the piggybacked inputs, see `respondNonCanonical`
    function holdInputs(bytes calldata data, bytes32[] calldata inputIds, bytes[] calldata inputData) external;

    /// @notice Proves that a piggybacked input was spent by another transaction, and pays its bond to the caller.
    /// @dev Anyone may call, until the input is paid. The caller risks only gas.
    /// @param data The transaction
    /// @param inputIds The ids of the outputs that it spends
    /// @param input The index of the input
    /// @param inputData The transaction or deposit record that made the input
    /// @param spend The other transaction
    function challengeInputSpent(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes calldata inputData,
        Spend calldata spend
    ) external;

    /// @notice Proves that a piggybacked output was spent, and pays its bond to the caller.
    /// @dev Anyone may call, until the output is paid. The caller risks only gas.
    /// @param transaction The transaction with its inclusion, and the position of the output
    /// @param inputIds The ids of the outputs that it spends
    /// @param spend The transaction that spends the output
    function challengeOutputSpent(Proof calldata transaction, bytes32[] calldata inputIds, Spend calldata spend)
        external;

    /// @notice Settles an in-flight exit after its wait and pays the covered parts; a further call pays the rest. If
    /// the transaction is canonical and none of its inputs was paid elsewhere, its outputs are paid and its inputs
    /// count as spent. Otherwise its unspent inputs are paid.
    /// @dev Anyone may call, and receives the bounty of each part that is paid or released, and the bonds of standard
    /// exits of the inputs that the settlement proves wrong.
    /// @param data The transaction
    /// @param inputIds The ids of the outputs that it spends
    /// @param inputData The transaction or deposit record that made each input, in order
    /// @param newer The numbers of newer buckets, see `IRootChain.claim`
    function processInFlightExit(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        uint256[] calldata newer
    ) external;

    /// @notice Deletes an in-flight exit that has no piggybacks after W/2, and returns the bond of the start.
    /// @dev Anyone may call. The bond goes to its current owner.
    /// @param data The transaction
    /// @param inputIds The ids of the outputs that it spends
    function deleteNonPiggybacked(bytes calldata data, bytes32[] calldata inputIds) external;

    /// @notice Returns an in-flight exit.
    /// @param id The id of the in-flight exit
    /// @return The in-flight exit
    function inFlight(bytes32 id) external view returns (InFlight memory);
}
