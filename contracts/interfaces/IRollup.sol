// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollupErrors} from "./IRollupErrors.sol";

/// @title An optimistic rollup whose assertions anyone can prove wrong with a single proof
/// @notice One immutable contract has three parts. The *inbox* orders data (blobs or calldata) and the *queue* of
/// deposits and forced operations, which cannot be censored. *Assertions* state the result of the data: an assertion
/// becomes final after a window unless someone proves one of its segments wrong. The *vault* holds the money and pays
/// withdrawals of final assertions. Data is never reverted: a wrong assertion is dropped, and the next one starts from
/// the same parent.
/// @dev The rollup has no owner, no proxy, no pause and no fee. The sequencer only has the right to post first.
/// @custom:security Money leaves only (1) by a withdrawal under a final assertion, once each (`finalizeWithdrawal`); (2) after the
/// rollup is frozen, because something waited for `freezeAfter` in vain, by a balance under the last final assertion,
/// once each (`escape`, `escapeTo`), or by a deposit that this assertion has not consumed (`refund`); (3) as bond
/// that is not locked (`withdrawBond`).
interface IRollup is IRollupErrors {
    // ------------------------------------------------------------------------------------------------------ Inbox

    /// @notice Appends frames from calldata.
    /// @dev The sequencer may call, and anyone once the sequencer was silent for `sequencerWindow` or the queue is overdue. The
    /// pace is 32 frames a second for the sequencer and 8 for all others together, with a burst of at most one hour, so
    /// that a verifier keeps up (`PostingTooFast`). `expectedAcc` pins the entry's position: the call reverts if
    /// another entry was appended first, so a repeated transaction has no effect.
    /// @param expectedAcc The accumulator of the last entry
    /// @param data The frames of 496 bytes; the last one is padded with zeros
    /// @param queueEnd The queue index to consume to: the end of the queue or a multiple of 256. 2^32 - 1 means the end
    /// of the queue when the call is mined, or as far as one entry reaches
    function postCalldata(bytes32 expectedAcc, bytes calldata data, uint256 queueEnd) external;

    /// @notice Appends frames from the transaction's blobs, 256 in each.
    /// @dev The sequencer may call, and anyone once the sequencer was silent for `sequencerWindow` or the queue is overdue. The
    /// pace and the pinned position are explained in `postCalldata`.
    /// @param expectedAcc The accumulator of the last entry
    /// @param frames The number of used frames
    /// @param queueEnd The queue index to consume to, see `postCalldata`
    function postBlobs(bytes32 expectedAcc, uint256 frames, uint256 queueEnd) external;

    /// @notice Consumes queue items without appending data.
    /// @dev The sequencer may call, and anyone once the sequencer was silent for `sequencerWindow` or the queue is overdue.
    /// @param expectedAcc The accumulator of the last entry
    /// @param queueEnd The queue index to consume to, see `postCalldata`
    function forceInclude(bytes32 expectedAcc, uint256 queueEnd) external;

    /// @notice Queues a forced operation: a transfer to account `to`, or a withdrawal to address `to`.
    /// @dev Anyone may call. An operation that is not valid when it is consumed has no effect.
    /// @param scheme The signature scheme: 0 the caller itself, 1 ECDSA, 2 BLS
    /// @param account The account that pays
    /// @param token The id of the token
    /// @param amount The amount in token units
    /// @param withdraws True for a withdrawal, false for a transfer
    /// @param to The receiver: an account number for a transfer, an address for a withdrawal
    /// @param signature The signature under `scheme`, at most 64 bytes
    function force(
        uint8 scheme,
        uint32 account,
        uint16 token,
        uint128 amount,
        bool withdraws,
        address to,
        bytes calldata signature
    ) external;

    /// @notice Returns the accumulator after an entry.
    /// @param index The index of the entry; zero is before the first
    /// @return The accumulator
    function accumulators(uint256 index) external view returns (bytes32);

    /// @notice Returns the position of the inbox.
    /// @return items The number of entries
    /// @return segments The number of their segments
    /// @return queueConsumed The number of consumed queue items
    /// @return lastTime The time of the last entry
    /// @return pendingSince The time of the oldest waiting queue item; zero if none is waiting
    function inbox()
        external
        view
        returns (uint256 items, uint256 segments, uint256 queueConsumed, uint256 lastTime, uint256 pendingSince);

    /// @notice Returns the state of the queue.
    /// @return acc The accumulator of the queue
    /// @return length The number of items
    function queue() external view returns (bytes28 acc, uint256 length);

    /// @notice Returns a checkpoint of the queue.
    /// @param count The number of items, a multiple of 256
    /// @return acc The accumulator after `count` items
    /// @return time The time of the last of these items
    function checkpoints(uint256 count) external view returns (bytes28 acc, uint256 time);

    // ------------------------------------------------------------------------------------------------- Assertions

    /// @notice Asserts the result of the inbox entries up to `inboxEnd`.
    /// @dev Anyone may call. Locks `bond` of the caller's available bond, after adding the ether sent to it; the caller
    /// loses it if the assertion, or one that it extends, is proven wrong.
    /// @param parent The assertion to extend: the last final one, or one that covers more
    /// @param last The last entry covered
    /// @param inboxEnd The index of that entry
    /// @param root The state root after it
    /// @param roots The roots after each segment, 31 bytes each; empty if they are in the transaction's first blob
    function propose(
        Assertion calldata parent,
        Batch calldata last,
        uint64 inboxEnd,
        bytes32 root,
        bytes calldata roots
    ) external payable;

    /// @notice Makes an assertion final after its window, once its parent is final. The last final assertion is the one
    /// that covers most.
    /// @dev Anyone may call. Two correct assertions with one parent both become final: a correct assertion that covers
    /// fewer entries does not delay one that covers more. In frozen mode nothing becomes final, but bonds are returned.
    /// @param claimed The assertion
    function finalize(Assertion calldata claimed) external;

    /// @notice Commits to a fraud proof, so that nobody can copy it from the mempool.
    /// @dev Anyone may call.
    /// @param commitment The commitment `keccak256(abi.encode(msg.sender, id, judge, proofHash))`
    function commitChallenge(bytes32 commitment) external;

    /// @notice Proves an assertion wrong and adds half of its bond to the caller's available bond.
    /// @dev Anyone may call, at least `revealBlocks` after committing to the proof. The caller risks only gas.
    /// @param claimed The assertion
    /// @param parent The assertion that it extends
    /// @param judge The index of the judge
    /// @param proof The proof for the judge
    function challenge(Assertion calldata claimed, Assertion calldata parent, uint256 judge, bytes calldata proof)
        external;

    /// @notice Drops an assertion whose parent is invalid and adds half of its bond to the caller's available bond.
    /// @dev Anyone may call. The caller risks only gas.
    /// @param claimed The assertion
    /// @param parent The assertion that it extends
    function discard(Assertion calldata claimed, Assertion calldata parent) external;

    /// @notice Adds the ether sent to the caller's available bond.
    /// @dev Anyone may call.
    function addBond() external payable;

    /// @notice Withdraws available bond of the caller.
    /// @dev Anyone may call, for itself.
    /// @param amount The amount in wei
    function withdrawBond(uint256 amount) external;

    /// @notice Returns the record of an assertion.
    /// @param id The id of the assertion
    /// @return proposer The account whose bond is locked
    /// @return createdAt The time of the proposal
    /// @return status The status
    function assertion(bytes32 id) external view returns (address proposer, uint256 createdAt, Status status);

    /// @notice Returns the last final assertion.
    /// @return id The id of the assertion
    /// @return time The time at which it became final
    function finality() external view returns (bytes32 id, uint256 time);

    // ------------------------------------------------------------------------------------------------------ Vault

    /// @notice Registers a token under the next id.
    /// @dev Anyone may call, for exactly `tokenPrice()`, which stays in the contract permanently.
    /// @param token The token
    /// @return id The id of the token
    function registerToken(address token) external payable returns (uint16 id);

    /// @notice Returns the price of the next token id: 1/64 of the bond, doubled after every 4,096 tokens. Taking all
    /// ids costs about 4,000 bonds for each of the last 4,096.
    /// @return The price in wei
    function tokenPrice() external view returns (uint256);

    /// @notice Deposits ether or tokens of the caller to account `to` of `owner`, or to a new account of `owner`.
    /// @dev Anyone may call. The money then belongs to `owner`. A deposit that no account can take becomes a withdrawal
    /// to the caller.
    /// @param token The id of the token, zero for ether
    /// @param amount The amount in token units
    /// @param owner The owner word of the account: an address, or the hash of a BLS key
    /// @param to The number of the account; zero opens a new account, for an address only
    function deposit(uint16 token, uint128 amount, bytes32 owner, uint32 to) external payable;

    /// @notice Pays a withdrawal of a final assertion to its owner.
    /// @dev Anyone may call. The call reverts if the payment fails, and can be repeated.
    /// @param final_ The final assertion
    /// @param roots The components of its state root
    /// @param index The index of the withdrawal in the assertion
    /// @param withdrawal The withdrawal
    /// @param path The siblings from the bottom up; those at the top that are roots of empty trees may be left out
    function finalizeWithdrawal(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path
    ) external;

    /// @notice Transfers an unpaid withdrawal to a new owner, under an assertion that is or can become final.
    /// @dev Only the owner of the withdrawal may call. A buyer is safe only under an assertion whose root it has
    /// computed and which can become final before anyone could freeze the rollup: otherwise the seller escapes with the
    /// same money. See the specification.
    /// @param claimed The assertion
    /// @param roots The components of its state root
    /// @param index The index of the withdrawal in the assertion
    /// @param withdrawal The withdrawal
    /// @param path The siblings, see `finalizeWithdrawal`
    /// @param to The new owner
    function transferClaim(
        Assertion calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path,
        address to
    ) external;

    /// @notice Transfers an unpaid withdrawal by the signature of its target, a key or a contract (ERC-1271).
    /// @dev Anyone may call and pays the gas. The call is possible only until the first transfer, so a signature is
    /// used once. The risks of a buyer are those of `transferClaim`.
    /// @param claimed The assertion
    /// @param roots The components of its state root
    /// @param index The index of the withdrawal in the assertion
    /// @param withdrawal The withdrawal
    /// @param path The siblings, see `finalizeWithdrawal`
    /// @param to The new owner
    /// @param validUntil The last second of the signature
    /// @param signature The signature over `TransferClaim(uint256 number,bytes32 leaf,address to,uint48 validUntil)`
    /// (EIP-712)
    function transferClaimBySig(
        Assertion calldata claimed,
        Roots calldata roots,
        uint256 index,
        Withdrawal calldata withdrawal,
        bytes32[] calldata path,
        address to,
        uint48 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Returns the account that a withdrawal was last transferred to.
    /// @param number The number of the withdrawal, counted from the beginning
    /// @param leaf The keccak256 hash of target, token and amount
    /// @return The owner; zero if the withdrawal still belongs to its target
    function claimOwner(uint256 number, bytes32 leaf) external view returns (address);

    /// @notice Returns the address of a token.
    /// @param id The id of the token
    /// @return The address; zero for ether
    function tokenOf(uint256 id) external view returns (address);

    // ---------------------------------------------------------------------------------------------------- Freezing

    /// @notice Freezes the rollup permanently when something has waited too long: the queue to be consumed, or the
    /// first entry after the last final assertion to become final. An unused rollup cannot be frozen.
    /// @dev Anyone may call.
    /// @param final_ The last final assertion; ignored when the queue is waiting
    /// @param next The first entry after it; ignored when the queue is waiting
    function freeze(Assertion calldata final_, Batch calldata next) external;

    /// @notice Pays the balance of an address's account under the last final state, in frozen mode.
    /// @dev Anyone may call. The payment goes to the owner.
    /// @param final_ The last final assertion
    /// @param roots The components of its state root
    /// @param account The number of the account
    /// @param owner The owner word of the account, an address
    /// @param word The account's word with its token and balance
    /// @param path The siblings, see `finalizeWithdrawal`
    function escape(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path
    ) external;

    /// @notice Pays the balance of a BLS key's account to the address that the key signed, in frozen mode.
    /// @dev Anyone may call.
    /// @param final_ The last final assertion
    /// @param roots The components of its state root
    /// @param account The number of the account
    /// @param owner The owner word of the account, the hash of the key
    /// @param word The account's word with its token and balance
    /// @param path The siblings, see `finalizeWithdrawal`
    /// @param to The receiver, for which the key signed `Escape(uint32 account,address to)` (EIP-712)
    /// @param proof The key, the signature and the hint for decoding it, see `IBlsSignatureVerifier`
    function escapeTo(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 account,
        bytes32 owner,
        uint256 word,
        bytes32[] calldata path,
        address to,
        bytes calldata proof
    ) external;

    /// @notice Pays back a deposit that the last final state has not consumed, in frozen mode.
    /// @dev Anyone may call. The payment goes to the depositor.
    /// @param final_ The last final assertion
    /// @param roots The components of its state root
    /// @param index The index of the queue item
    /// @param before The queue's accumulator before the item
    /// @param raw The item
    /// @param later The hashes of the items after it, up to a checkpoint or the end of the queue
    function refund(
        Assertion calldata final_,
        Roots calldata roots,
        uint256 index,
        bytes28 before,
        bytes calldata raw,
        bytes32[] calldata later
    ) external;
}
